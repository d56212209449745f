#include "sim_collateral.h"

#include "attest/collateral.h"
#include "base/clock.h"
#include "base/codec.h"
#include "crypto/der.h"
#include "crypto/pem.h"
#include "sim_cert.h"
#include "sim_platform.h"
#include "sim_root.h"

#define DAY_S     86400
#define CN_SIGNER "Intel SGX TCB Signing"
#define ZERO48                                                                                     \
    "000000000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"
#define QE_SIGNER    "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5"
#define OTHER_SIGNER "8C4F5775D796503E96137F77C68A829A0056AC8DED70140B081B094490C57BFF"

static const char *const fault_names[SIM_COLLATERAL_FAULT_COUNT] = {
#define NAME(id, name) [id] = (name),
    SIM_COLLATERAL_FAULTS(NAME)
#undef NAME
};

const char *sim_collateral_fault_name(enum sim_collateral_fault f)
{
    return f < SIM_COLLATERAL_FAULT_COUNT ? fault_names[f] : "unknown";
}

enum err_code sim_collateral_fault_parse(const char *name, enum sim_collateral_fault *ret,
                                         struct err *e)
{
    for (int f = 0; f < SIM_COLLATERAL_FAULT_COUNT; f++)
        if (strcmp(name, fault_names[f]) == 0) {
            *ret = (enum sim_collateral_fault)f;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID, "no fault of collateral '%s'; `teereg-sim faults` lists them",
                   name);
}

struct making {
    const struct sim_collateral_spec *spec;
    EVP_PKEY *root, *ca, *signer, *other;
    struct buf root_der, ca_der, signer_der, leaf_der;
    int64_t issued, until;
    struct collateral_bundle bundle;
};

static void making_done(struct making *m)
{
    EVP_PKEY_free(m->root);
    EVP_PKEY_free(m->ca);
    EVP_PKEY_free(m->signer);
    EVP_PKEY_free(m->other);
    buf_done(&m->root_der);
    buf_done(&m->ca_der);
    buf_done(&m->signer_der);
    buf_done(&m->leaf_der);
    collateral_bundle_done(&m->bundle);
}

/* ---- certificates ---- */

static enum err_code make_signer(struct making *m, struct err *e)
{
    const struct sim_cert_spec spec = {
        .subject = CN_SIGNER,
        .issuer = SIM_CN_ROOT,
        .crl = "http://simulated.invalid/root.crl",
        .key_usage = 0xc0,
        .usage_bits = 6,
    };

    TRY(sim_root_key(&m->root, e));
    TRY(sim_key("", "platform-ca", &m->ca, e));
    TRY(sim_key("", "tcb-signing", &m->signer, e));
    TRY(sim_key("", "another signer", &m->other, e));
    TRY(sim_root_certificate(&m->root_der, e));
    return sim_cert_make(&spec, m->signer, m->root,
                         m->spec->fault == SIM_SIGNER_ROOT ? m->other : m->root, &m->signer_der, e);
}

/* The platform's own certificate and its CA's, out of its chain. */
static enum err_code read_chain(struct making *m, const sim_platform *p, struct err *e)
{
    struct bytes pem = sim_platform_chain(p);

    TRY(pem_next(&pem, "CERTIFICATE", &m->leaf_der, e));
    return pem_next(&pem, "CERTIFICATE", &m->ca_der, e);
}

static enum err_code put_chain(const struct buf *first, const struct making *m, struct buf *ret,
                               struct err *e)
{
    pem_put(ret, "CERTIFICATE", buf_bytes(first));
    pem_put(ret, "CERTIFICATE", buf_bytes(&m->root_der));
    return buf_check(ret, e);
}

/* ---- revocation lists ---- */

static void put_time(struct buf *out, int64_t when)
{
    char text[21], utc[14];

    clock_format(when, text); /* 2026-01-31T00:00:00Z to 260131000000Z */
    for (size_t i = 2, n = 0; i < 20; i++)
        if (text[i] != '-' && text[i] != ':' && text[i] != 'T')
            utc[n++] = text[i];
    der_put(out, DER_UTC_TIME, (struct bytes){(const uint8_t *)utc, 13});
}

static void put_revoked(struct buf *out, struct bytes serial, int64_t when)
{
    struct buf entry AUTO_CALL(buf_done) = BUF(256);
    struct buf list AUTO_CALL(buf_done) = BUF(256);

    der_put(&entry, DER_INTEGER, serial);
    put_time(&entry, when);
    der_put(&list, DER_SEQUENCE, buf_bytes(&entry));
    der_put(out, DER_SEQUENCE, buf_bytes(&list));
}

static void put_crl_number(struct buf *out)
{
    static const uint8_t extension[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
                                        0x1d, 0x14, 0x04, 0x03, 0x02, 0x01, 0x01};

    der_put(out, DER_CONTEXT_0, BYTES(extension));
}

/* RFC 5280, 5.1: of this issuer, with at most one serial in it. */
static enum err_code make_crl(const struct making *m, struct bytes issuer_name, const EVP_PKEY *key,
                              struct bytes revoked, struct buf *ret, struct err *e)
{
    static const uint8_t version[] = {0x02, 0x01, 0x01};
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    const bool expired = m->spec->fault == SIM_CRL_EXPIRED;
    struct buf inner AUTO_CALL(buf_done) = BUF(4096);
    struct buf tbs AUTO_CALL(buf_done) = BUF(4096);
    struct buf whole AUTO_CALL(buf_done) = BUF(4096);
    struct buf sig AUTO_CALL(buf_done) = BUF(128);
    struct buf bits AUTO_CALL(buf_done) = BUF(128);

    buf_put(&inner, BYTES(version));
    buf_put(&inner, BYTES(algorithm));
    buf_put(&inner, issuer_name);
    put_time(&inner, expired ? m->issued - 60 * DAY_S : m->issued);
    put_time(&inner, expired ? m->issued : m->until);
    if (revoked.n)
        put_revoked(&inner, revoked, m->issued);
    put_crl_number(&inner);
    der_put(&tbs, DER_SEQUENCE, buf_bytes(&inner));
    TRY(buf_check(&tbs, e));
    TRY(p256_sign_deterministic(key, buf_bytes(&tbs), &sig, e));
    buf_put_u8(&bits, 0);
    buf_put(&bits, buf_bytes(&sig));
    buf_put(&whole, buf_bytes(&tbs));
    buf_put(&whole, BYTES(algorithm));
    der_put(&whole, DER_BIT_STRING, buf_bytes(&bits));
    der_put(ret, DER_SEQUENCE, buf_bytes(&whole));
    return buf_check(ret, e);
}

static enum err_code make_crls(struct making *m, struct err *e)
{
    const enum sim_collateral_fault fault = m->spec->fault;
    struct pck_cert root, ca, signer, leaf;
    struct bytes of_root = {0}, of_ca = {0};

    TRY(pck_cert_parse(buf_bytes(&m->root_der), &root, e));
    TRY(pck_cert_parse(buf_bytes(&m->ca_der), &ca, e));
    TRY(pck_cert_parse(buf_bytes(&m->signer_der), &signer, e));
    TRY(pck_cert_parse(buf_bytes(&m->leaf_der), &leaf, e));
    if (fault == SIM_SIGNER_REVOKED || fault == SIM_CA_REVOKED)
        of_root = fault == SIM_CA_REVOKED ? ca.serial : signer.serial;
    if (fault == SIM_LEAF_REVOKED)
        of_ca = leaf.serial;
    TRY(make_crl(m, root.subject, fault == SIM_ROOT_CRL_SIG ? m->other : m->root, of_root,
                 &m->bundle.text[COLLATERAL_ROOT_CRL].body, e));
    TRY(make_crl(m, ca.subject, fault == SIM_PCK_CRL_SIG ? m->other : m->ca, of_ca,
                 &m->bundle.text[COLLATERAL_PCK_CRL].body, e));
    return put_chain(&m->ca_der, m, &m->bundle.text[COLLATERAL_PCK_CRL].issuer_chain, e);
}

/* ---- TCB info and QE identity ---- */

static void put_dates(struct buf *out, const struct making *m, bool tcb_info)
{
    const enum sim_collateral_fault fault = m->spec->fault;
    int64_t issued = m->issued, until = m->until;
    char from[21], to[21];

    if (fault == SIM_NOT_YET_ISSUED)
        issued += 2 * DAY_S;
    if (fault == SIM_TCB_INFO_EXPIRED && tcb_info) {
        until = issued;
        issued -= 30 * DAY_S;
    }
    clock_format(issued, from);
    clock_format(until, to);
    buf_printf(out, "\"issueDate\":\"%s\",\"nextUpdate\":\"%s\"", from, to);
}

static void put_components(struct buf *out, const char *member, const unsigned svn[static 16])
{
    buf_printf(out, "\"%s\":[", member);
    for (size_t i = 0; i < 16; i++)
        buf_printf(out, "%s{\"svn\":%u}", i ? "," : "", svn[i]);
    buf_put_str(out, "]");
}

static void put_levels(struct buf *out, const struct making *m,
                       const struct sim_platform_info *info)
{
    const enum sim_collateral_fault fault = m->spec->fault;
    unsigned sgx[16], tdx[16] = {5, 0, 4}, old_sgx[16] = {2, 2, 2, 2, 3, 1, 0, 3},
                      old_tdx[16] = {3};
    const char *status = m->spec->status ? m->spec->status : "UpToDate";

    for (size_t i = 0; i < 16; i++)
        sgx[i] = info->tcb_components[i];
    if (fault == SIM_NO_LEVEL) {
        tdx[2] = old_tdx[2] = 200;
        sgx[0] = old_sgx[0] = 200;
    }
    if (fault == SIM_SVN_300)
        sgx[15] = 300;
    buf_put_str(out, "\"tcbLevels\":[{\"tcb\":{");
    put_components(out, "sgxtcbcomponents", sgx);
    buf_printf(out, ",\"pcesvn\":%u,", info->pcesvn);
    put_components(out, "tdxtcbcomponents", tdx);
    buf_printf(out, "},\"tcbDate\":\"2026-02-11T00:00:00Z\",\"tcbStatus\":\"%s\"},{\"tcb\":{",
               fault == SIM_BAD_STATUS ? "Splendid" : status);
    put_components(out, "sgxtcbcomponents", old_sgx);
    buf_put_str(out, ",\"pcesvn\":5,");
    put_components(out, "tdxtcbcomponents", old_tdx);
    buf_put_str(out, "},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"OutOfDate\","
                     "\"advisoryIDs\":[\"INTEL-SA-00837\"]}]");
}

static void put_module(struct buf *out, const struct making *m)
{
    buf_put_str(out, "\"tdxModule\":{\"mrsigner\":\"" ZERO48 "\",\"attributes\":"
                     "\"0000000000000000\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\"},");
    buf_printf(out,
               "\"tdxModuleIdentities\":[{\"id\":\"TDX_%s\",\"mrsigner\":\"" ZERO48
               "\",\"attributes\":\"0000000000000000\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\","
               "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":5},\"tcbDate\":\"2026-02-11T00:00:00Z\","
               "\"tcbStatus\":\"%s\"},{\"tcb\":{\"isvsvn\":2},\"tcbDate\":\"2023-08-09T00:00:00Z\","
               "\"tcbStatus\":\"OutOfDate\"}]}],",
               m->spec->fault == SIM_MODULE_MISSING ? "03" : "01",
               m->spec->fault == SIM_MODULE_REVOKED ? "Revoked" : "UpToDate");
}

static void put_tcb_info(struct buf *out, const struct making *m,
                         const struct sim_platform_info *info)
{
    const enum sim_collateral_fault fault = m->spec->fault;
    uint8_t fmspc[6], pceid[2];
    char hex[HEX_LEN(6)], pce[HEX_LEN(2)];

    memcpy(fmspc, info->fmspc, sizeof fmspc);
    memcpy(pceid, info->pceid, sizeof pceid);
    fmspc[5] ^= fault == SIM_OTHER_FMSPC;
    pceid[1] ^= fault == SIM_OTHER_PCEID;
    hex_encode(BYTES(fmspc), hex);
    hex_encode(BYTES(pceid), pce);
    buf_put_str(out, "{\"id\":\"TDX\",\"version\":3,");
    put_dates(out, m, true);
    buf_printf(out,
               ",\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,\"tcbEvaluationDataNumber\":%u,",
               hex, pce, m->spec->evaluation_number ? m->spec->evaluation_number : 17);
    if (fault == SIM_MEMBER_TWICE)
        buf_put_str(out, "\"tcbType\":0,");
    put_module(out, m);
    put_levels(out, m, info);
    buf_put_str(out, "}");
}

static void put_qe_identity(struct buf *out, const struct making *m)
{
    const enum sim_collateral_fault fault = m->spec->fault;

    buf_put_str(out, "{\"id\":\"TD_QE\",\"version\":2,");
    put_dates(out, m, false);
    buf_printf(
        out,
        ",\"tcbEvaluationDataNumber\":%u,\"miscselect\":\"00000000\","
        "\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"11000000000000000000000000000000\","
        "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"%s\","
        "\"isvprodid\":2,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%u},"
        "\"tcbDate\":\"2026-02-11T00:00:00Z\",\"tcbStatus\":\"%s\"}]}",
        m->spec->evaluation_number ? m->spec->evaluation_number : 17,
        fault == SIM_QE_OTHER_SIGNER ? OTHER_SIGNER : QE_SIGNER, fault == SIM_QE_TOO_OLD ? 9 : 4,
        fault == SIM_QE_REVOKED ? "Revoked" : "UpToDate");
}

static enum err_code sign_json(struct making *m, enum collateral_kind kind, bool wrong,
                               struct err *e)
{
    struct collateral_text *t = &m->bundle.text[kind];
    uint8_t sig[SIM_RAW_SIG_LEN];

    TRY(buf_check(&t->body, e));
    TRY(sim_sign_raw(wrong ? m->other : m->signer, buf_bytes(&t->body), sig, e));
    buf_put(&t->signature, BYTES(sig));
    return put_chain(&m->signer_der, m, &t->issuer_chain, e);
}

enum err_code sim_collateral(const sim_platform *p, const struct sim_collateral_spec *spec,
                             struct buf *ret, struct err *e)
{
    struct making m AUTO_CALL(making_done) = {
        .spec = spec,
        .root_der = BUF(SIM_CERT_MAX),
        .ca_der = BUF(SIM_CERT_MAX),
        .signer_der = BUF(SIM_CERT_MAX),
        .leaf_der = BUF(SIM_CERT_MAX),
        .issued = spec->now - DAY_S,
        .until = spec->now + (int64_t)(spec->days ? spec->days : 30) * DAY_S,
    };

    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        m.bundle.text[k] = (struct collateral_text){
            .body = BUF(TCB_TEXT_MAX), .signature = BUF(64), .issuer_chain = BUF(8192)};
    TRY(make_signer(&m, e));
    TRY(read_chain(&m, p, e));
    TRY(make_crls(&m, e));
    put_tcb_info(&m.bundle.text[COLLATERAL_TCB_INFO].body, &m, sim_platform_info(p));
    put_qe_identity(&m.bundle.text[COLLATERAL_QE_IDENTITY].body, &m);
    TRY(sign_json(&m, COLLATERAL_TCB_INFO, spec->fault == SIM_TCB_INFO_SIG, e));
    TRY(sign_json(&m, COLLATERAL_QE_IDENTITY, spec->fault == SIM_QE_IDENTITY_SIG, e));
    return collateral_bundle_encode(&m.bundle, ret, e);
}
