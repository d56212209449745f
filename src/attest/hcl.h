/* hcl - the report of Azure's paravisor (HCL: host compatibility layer), as parsed bytes: nothing
 * here is verified.  Room: attest.
 *
 * Little endian.  It lies in the vTPM (NV 0x01400001); zeros behind it are allowed, for that is how
 * it is read.  Source: docs/WIRE.md, "Evidence on the wire".
 *   0     "HCLA" | u32 version | u32 size of all to the end of the variable data | u32 request type
 *         = 2 (attestation) | u32 status = 0 | 12 reserved
 *   32    the hardware's report, 1184: a TDREPORT of 1024, or an SNP report
 *   1216  u32 size = 20 + n | u32 version = 1 | u32 report type (2 SEV-SNP, 4 TDX) | u32 hash type
 *         = 1 (SHA-256) | u32 n | n bytes of variable data: JSON
 * The hardware's quote is over SHA-256(variable data). */
#pragma once
#include "attest/fault.h"
#include "attest/quote.h"
#include "base/json.h"
#include "crypto/rsa.h"

#define HCL_REPORT_MAX 8192

struct hcl_report {
    struct bytes tdreport; /* 1024 bytes, borrowed; only its own machine can verify it */
    struct bytes variable; /* borrowed */
};
/* HCL_FORM; HCL_TYPE for the report of another kind of machine. */
MUST_CHECK enum err_code hcl_parse(struct bytes report, struct hcl_report *ret,
                                   enum attest_fault *fault, struct err *e);

/* The TDREPORT (Intel TDX Module ABI, TDREPORT_STRUCT) is the one that the quote was made of: each
 * field that the quote repeats is the same.  HCL_BINDING names one that is not. */
MUST_CHECK enum err_code hcl_check_td(const struct hcl_report *report,
                                      const struct td_report *quoted, enum attest_fault *fault,
                                      struct err *e);

/* The variable data: {"keys": [...], "vm-configuration": {...}, "user-data": 128 hex}. */
struct hcl_runtime {
    rsa_pub *ak;           /* HCLAkPub: what the vTPM signs its quotes with */
    bool has_user_data;    /* older paravisors have none */
    uint8_t user_data[64]; /* what the guest gave the paravisor */
    bool secure_boot;      /* vm-configuration, false when it does not say */
    bool tpm_enabled;
    bool tpm_persisted;
    bool console_enabled;
    char vm_id[40]; /* vmUniqueId; may be empty */
};
void hcl_runtime_done(struct hcl_runtime *r);
/* JSON without duplicates, exactly one HCLAkPub, which is an RSA key for signing alone.
 * HCL_RUNTIME.  Begin with `= {0}`; what ret held is freed, on success only. */
MUST_CHECK enum err_code hcl_runtime_parse(struct bytes variable, struct hcl_runtime *ret,
                                           enum attest_fault *fault, struct err *e);
/* The same of JSON that was read already (an attestation token repeats it). */
MUST_CHECK enum err_code hcl_runtime_of_json(const json *root, struct hcl_runtime *ret,
                                             struct err *e);
