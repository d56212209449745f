/* ccel_types - event types of TCG logs, by number and by name.  Room: attest.
 *
 * Source: TCG PC Client Platform Firmware Profile 1.05 §10.4.1. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define EV_POST_CODE                     0x00000001U
#define EV_NO_ACTION                     0x00000003U
#define EV_SEPARATOR                     0x00000004U
#define EV_EVENT_TAG                     0x00000006U
#define EV_IPL                           0x0000000dU
#define EV_EFI_VARIABLE_DRIVER_CONFIG    0x80000001U
#define EV_EFI_VARIABLE_BOOT             0x80000002U
#define EV_EFI_BOOT_SERVICES_APPLICATION 0x80000003U
#define EV_EFI_BOOT_SERVICES_DRIVER      0x80000004U
#define EV_EFI_RUNTIME_SERVICES_DRIVER   0x80000005U
#define EV_EFI_GPT_EVENT                 0x80000006U
#define EV_EFI_ACTION                    0x80000007U
#define EV_EFI_PLATFORM_FIRMWARE_BLOB    0x80000008U
#define EV_EFI_HANDOFF_TABLES            0x80000009U
#define EV_EFI_PLATFORM_FIRMWARE_BLOB2   0x8000000aU
#define EV_EFI_HANDOFF_TABLES2           0x8000000bU
#define EV_EFI_VARIABLE_BOOT2            0x8000000cU
#define EV_EFI_VARIABLE_AUTHORITY        0x800000e0U
#define EV_DSTACK_RUNTIME                0x08000001U

/* NULL for a type that is not known. */
const char *ccel_type_name(uint32_t type);
bool ccel_type_is_variable(uint32_t type);
/* The digest is of a file, table or memory that is not in the log. */
bool ccel_type_is_image(uint32_t type);
