/* ccel_variable - the data of EV_EFI_VARIABLE_*: UEFI_VARIABLE_DATA.  Room: attest.
 *
 *   vendor guid[16] | u64 characters of the name | u64 bytes of the value | name, UTF-16 | value
 * Little endian.  Source: TCG PC Client Platform Firmware Profile 1.05 §10.4.2. */
#pragma once
#include "base/err.h"
#include "base/rd.h"

#define CCEL_VARIABLE_NAME_MAX 1024 /* bytes of UTF-16 */

struct ccel_variable {
    struct bytes guid; /* 16, as in the log: the first three groups are little endian */
    struct bytes name; /* UTF-16, without a NUL */
    struct bytes value;
};
MUST_CHECK enum err_code ccel_variable_parse(struct bytes data, struct ccel_variable *ret,
                                             struct err *e);
