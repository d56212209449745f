#include "attest/hcl.h"

#include <stdio.h>
#include "attest/rsa_jwk.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/rd.h"

#define HARDWARE_LEN 1184
#define TDREPORT_LEN 1024
#define FIXED_LEN    1216 /* all before the size of the runtime part */
#define RUNTIME_LEN  20   /* its five numbers */
#define KEYS_MAX     16

enum { REQUEST_ATTESTATION = 2, TYPE_SNP = 2, TYPE_TDX = 4, HASH_SHA256 = 1 };

static enum err_code check_type(uint32_t type, enum attest_fault *fault, struct err *e)
{
    if (type == TYPE_SNP)
        return attest_fail(fault, e, FAULT_HCL_TYPE,
                           "the report of a SEV-SNP machine (type 2), expected TDX (4)");
    if (type != TYPE_TDX)
        return attest_fail(fault, e, FAULT_HCL_TYPE, "a report of type %u, expected TDX (4)", type);
    return ERR_OK;
}

enum err_code hcl_parse(struct bytes report, struct hcl_report *ret, enum attest_fault *fault,
                        struct err *e)
{
    struct rd r = rd_of(report);
    struct bytes magic = rd_take(&r, 4), hardware, variable, rest;
    uint32_t version, size, request, status, runtime_size, runtime_version, type, hash, n;

    version = rd_u32le(&r);
    size = rd_u32le(&r);
    request = rd_u32le(&r);
    status = rd_u32le(&r);
    rd_take(&r, 12);
    hardware = rd_take(&r, HARDWARE_LEN);
    runtime_size = rd_u32le(&r);
    runtime_version = rd_u32le(&r);
    type = rd_u32le(&r);
    hash = rd_u32le(&r);
    n = rd_u32le(&r);
    variable = rd_take(&r, n);
    if (!rd_ok(&r) || report.n > HCL_REPORT_MAX)
        return attest_fail(fault, e, FAULT_HCL_FORM, "%zu bytes: cut short, or too long", report.n);
    if (!bytes_eq(magic, bytes_of_str("HCLA")))
        return attest_fail(fault, e, FAULT_HCL_FORM, "it does not begin with HCLA");
    TRY(check_type(type, fault, e));
    if (version == 0 || version > 2 || request != REQUEST_ATTESTATION || status != 0)
        return attest_fail(fault, e, FAULT_HCL_FORM,
                           "version %u, request %u, status %u: expected 1 or 2, 2, 0", version,
                           request, status);
    if (runtime_version != 1 || hash != HASH_SHA256)
        return attest_fail(fault, e, FAULT_HCL_FORM,
                           "runtime part of version %u, hash type %u: expected 1, 1 (SHA-256)",
                           runtime_version, hash);
    /* n is less than HCL_REPORT_MAX here: no sum overflows. */
    if (runtime_size != RUNTIME_LEN + n || size != FIXED_LEN + runtime_size)
        return attest_fail(fault, e, FAULT_HCL_FORM,
                           "sizes %u and %u do not fit variable data of %u bytes", size,
                           runtime_size, n);
    rest = rd_take(&r, r.left);
    if (!bytes_all_zero(rest))
        return attest_fail(fault, e, FAULT_HCL_FORM, "bytes behind it that are not zero");
    *ret = (struct hcl_report){.tdreport = {hardware.p, TDREPORT_LEN}, .variable = variable};
    return ERR_OK;
}

/* ---- the TDREPORT ---- */

#define REPORT_TYPE_TDX 0x81 /* REPORTMACSTRUCT.REPORTTYPE.TYPE */

enum err_code hcl_check_td(const struct hcl_report *report, const struct td_report *quoted,
                           enum attest_fault *fault, struct err *e)
{
    /* REPORTMACSTRUCT at 0, TEE_TCB_INFO at 256, TDINFO at 512. */
    const struct {
        const char *name;
        size_t at;
        struct bytes quoted;
    } all[] = {
        {"REPORTDATA", 128, BYTES(quoted->report_data)},
        {"TEE_TCB_SVN", 264, BYTES(quoted->tee_tcb_svn)},
        {"MRSEAM", 280, BYTES(quoted->mrseam)},
        {"MRSIGNERSEAM", 328, BYTES(quoted->mrsignerseam)},
        {"SEAMATTRIBUTES", 376, BYTES(quoted->seam_attributes)},
        {"TDATTRIBUTES", 512, BYTES(quoted->td_attributes)},
        {"XFAM", 520, BYTES(quoted->xfam)},
        {"MRTD", 528, BYTES(quoted->mrtd)},
        {"MRCONFIGID", 576, BYTES(quoted->mrconfigid)},
        {"MROWNER", 624, BYTES(quoted->mrowner)},
        {"MROWNERCONFIG", 672, BYTES(quoted->mrownerconfig)},
        {"RTMR0", 720, BYTES(quoted->rtmr[0])},
        {"RTMR1", 768, BYTES(quoted->rtmr[1])},
        {"RTMR2", 816, BYTES(quoted->rtmr[2])},
        {"RTMR3", 864, BYTES(quoted->rtmr[3])},
    };

    if (report->tdreport.p[0] != REPORT_TYPE_TDX)
        return attest_fail(fault, e, FAULT_HCL_BINDING,
                           "its hardware report is of type %02x, expected %02x (a TDREPORT)",
                           report->tdreport.p[0], REPORT_TYPE_TDX);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!bytes_eq((struct bytes){report->tdreport.p + all[i].at, all[i].quoted.n},
                      all[i].quoted))
            return attest_fail(fault, e, FAULT_HCL_BINDING,
                               "%s of its TDREPORT is not that of the TDX quote", all[i].name);
    return ERR_OK;
}

/* ---- the variable data ---- */

void hcl_runtime_done(struct hcl_runtime *r)
{
    rsa_pub_free(r->ak);
    *r = (struct hcl_runtime){0};
}

static bool signs_alone(const json *key)
{
    const json *ops = NULL;
    struct err e;

    return json_get_array(key, "key_ops", &ops, &e) == ERR_OK && json_len(ops) == 1 &&
           json_is_string(json_at(ops, 0)) && strcmp(json_str(json_at(ops, 0)), "sign") == 0;
}

static enum err_code read_ak(const json *root, rsa_pub **ret, struct err *e)
{
    const json *keys, *ak = NULL;

    TRY(json_get_array(root, "keys", &keys, e));
    if (json_len(keys) > KEYS_MAX)
        return err_set(e, ERR_TOO_LARGE, "%zu keys, at most %d", json_len(keys), KEYS_MAX);
    for (size_t i = 0; i < json_len(keys); i++) {
        const char *kid;

        TRY(json_get_str(json_at(keys, i), "kid", 64, &kid, e));
        if (strcmp(kid, "HCLAkPub") != 0)
            continue;
        if (ak)
            return err_set(e, ERR_INVALID, "HCLAkPub twice");
        ak = json_at(keys, i);
    }
    if (!ak)
        return err_set(e, ERR_INVALID, "no HCLAkPub among the keys");
    if (!signs_alone(ak))
        return err_set(e, ERR_INVALID, "HCLAkPub: key_ops is not [\"sign\"]");
    TRY_IN(e, rsa_jwk_read(ak, ret, e), "HCLAkPub");
    return ERR_OK;
}

static enum err_code read_flag(const json *obj, const char *member, bool *ret, struct err *e)
{
    return json_has(obj, member) ? json_get_bool(obj, member, ret, e) : ERR_OK;
}

static enum err_code read_configuration(const json *root, struct hcl_runtime *ret, struct err *e)
{
    const char *id = "";
    const json *vm;

    if (!json_has(root, "vm-configuration"))
        return ERR_OK;
    TRY(json_get_object(root, "vm-configuration", &vm, e));
    TRY(read_flag(vm, "secure-boot", &ret->secure_boot, e));
    TRY(read_flag(vm, "tpm-enabled", &ret->tpm_enabled, e));
    TRY(read_flag(vm, "tpm-persisted", &ret->tpm_persisted, e));
    TRY(read_flag(vm, "console-enabled", &ret->console_enabled, e));
    if (json_has(vm, "vmUniqueId"))
        TRY(json_get_str(vm, "vmUniqueId", sizeof ret->vm_id - 1, &id, e));
    snprintf(ret->vm_id, sizeof ret->vm_id, "%s", id);
    return ERR_OK;
}

enum err_code hcl_runtime_of_json(const json *root, struct hcl_runtime *ret, struct err *e)
{
    struct hcl_runtime r AUTO_CALL(hcl_runtime_done) = {0};

    TRY(read_ak(root, &r.ak, e));
    TRY(read_configuration(root, &r, e));
    r.has_user_data = json_has(root, "user-data");
    if (r.has_user_data)
        TRY(json_get_hex(root, "user-data", r.user_data, sizeof r.user_data, e));
    hcl_runtime_done(ret);
    *ret = r;
    r = (struct hcl_runtime){0};
    return ERR_OK;
}

enum err_code hcl_runtime_parse(struct bytes variable, struct hcl_runtime *ret,
                                enum attest_fault *fault, struct err *e)
{
    AUTO(json) root = NULL;
    struct err why;

    if (json_parse_foreign(variable, HCL_REPORT_MAX, &root, &why) != ERR_OK ||
        hcl_runtime_of_json(root, ret, &why) != ERR_OK)
        return attest_fail(fault, e, why.code == ERR_NOMEM ? FAULT_INTERNAL : FAULT_HCL_RUNTIME,
                           "%s", why.msg);
    return ERR_OK;
}
