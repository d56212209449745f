/* The certificates of one platform: PCK leaf with its SGX extension, "Platform CA", root. */
#include "crypto/der.h"
#include "crypto/pem.h"
#include "sim_cert.h"
#include "sim_platform.h"
#include "sim_root.h"

#define PART BUF(SIM_CERT_MAX)

/* 1.2.840.113741.1.13.1 and what follows: the number of a field, and within a group a second. */
enum { SGX_PPID = 1, SGX_TCB, SGX_PCEID, SGX_FMSPC, SGX_TYPE, SGX_INSTANCE, SGX_CONFIGURATION };
enum { TCB_PCESVN = 17, TCB_CPUSVN = 18 };
enum { CONFIG_DYNAMIC = 1, CONFIG_CACHED_KEYS, CONFIG_SMT };

/* SEQUENCE { OID base.group[.number], value } */
static void put_field(struct buf *out, uint8_t group, uint8_t number, uint8_t tag,
                      struct bytes value)
{
    static const uint8_t base[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    struct buf oid AUTO_CALL(buf_done) = PART;
    struct buf seq AUTO_CALL(buf_done) = PART;

    buf_put(&oid, BYTES(base));
    buf_put_u8(&oid, group);
    if (number > 0)
        buf_put_u8(&oid, number);
    der_put(&seq, DER_OID, buf_bytes(&oid));
    der_put(&seq, tag, value);
    der_put(out, DER_SEQUENCE, buf_bytes(&seq));
}

static void put_integer(struct buf *out, uint8_t group, uint8_t number, uint16_t v)
{
    const uint8_t be[] = {0, (uint8_t)(v >> 8), (uint8_t)v};
    size_t at = 0;

    while (at < 2 && be[at] == 0 && be[at + 1] < 0x80)
        at++;
    put_field(out, group, number, DER_INTEGER, (struct bytes){be + at, sizeof be - at});
}

static void put_tcb(struct buf *out, const struct sim_platform_info *info, enum sim_fault fault)
{
    struct buf tcb AUTO_CALL(buf_done) = PART;
    uint8_t n = fault == SIM_TCB_SHORT ? 15 : 16;

    for (uint8_t i = 0; i < n; i++)
        put_integer(&tcb, SGX_TCB, (uint8_t)(i + 1), info->tcb_components[i]);
    put_integer(&tcb, SGX_TCB, TCB_PCESVN, info->pcesvn);
    put_field(&tcb, SGX_TCB, TCB_CPUSVN, DER_OCTET_STRING, BYTES(info->cpusvn));
    put_field(out, SGX_TCB, 0, DER_SEQUENCE, buf_bytes(&tcb));
}

static void put_configuration(struct buf *out)
{
    static const uint8_t yes[] = {0xff}, no[] = {0};
    struct buf list AUTO_CALL(buf_done) = PART;

    put_field(&list, SGX_CONFIGURATION, CONFIG_DYNAMIC, DER_BOOLEAN, BYTES(yes));
    put_field(&list, SGX_CONFIGURATION, CONFIG_CACHED_KEYS, DER_BOOLEAN, BYTES(no));
    put_field(&list, SGX_CONFIGURATION, CONFIG_SMT, DER_BOOLEAN, BYTES(yes));
    put_field(out, SGX_CONFIGURATION, 0, DER_SEQUENCE, buf_bytes(&list));
}

enum err_code sim_sgx_extension(const struct sim_platform_info *info, enum sim_fault fault,
                                struct buf *ret, struct err *e)
{
    static const uint8_t scalable[] = {1};
    struct buf list AUTO_CALL(buf_done) = PART;
    int fmspcs = fault == SIM_FMSPC_MISSING ? 0 : fault == SIM_FMSPC_TWICE ? 2 : 1;

    put_field(&list, SGX_PPID, 0, DER_OCTET_STRING, BYTES(info->ppid));
    put_tcb(&list, info, fault);
    put_field(&list, SGX_PCEID, 0, DER_OCTET_STRING, BYTES(info->pceid));
    for (int i = 0; i < fmspcs; i++)
        put_field(&list, SGX_FMSPC, 0, DER_OCTET_STRING, BYTES(info->fmspc));
    put_field(&list, SGX_TYPE, 0, DER_ENUMERATED, BYTES(scalable));
    put_field(&list, SGX_INSTANCE, 0, DER_OCTET_STRING, BYTES(info->instance_id));
    put_configuration(&list);
    der_put(ret, DER_SEQUENCE, buf_bytes(&list));
    return buf_check(ret, e);
}

/* The keys and certificates of one chain while it is made. */
struct making {
    enum sim_fault fault;
    const EVP_PKEY *other; /* who signs where the fault says that the wrong one does */
    EVP_PKEY *root_key, *ca_key;
    struct buf root, ca, leaf;
};

static void making_done(struct making *m)
{
    EVP_PKEY_free(m->root_key);
    EVP_PKEY_free(m->ca_key);
    buf_done(&m->root);
    buf_done(&m->ca);
    buf_done(&m->leaf);
}

static enum err_code make_root(struct making *m, struct err *e)
{
    static const struct sim_cert_spec spec = {
        .subject = SIM_CN_ROOT,
        .issuer = SIM_CN_ROOT,
        .crl = "http://simulated.invalid/root.crl",
        .is_ca = true,
        .path_length = 1,
        .key_usage = 0x06,
        .usage_bits = 1,
    };

    if (m->fault != SIM_ROOT_UNKNOWN) {
        TRY(sim_root_key(&m->root_key, e));
        return sim_root_certificate(&m->root, e);
    }
    TRY(sim_key("a root that nobody knows", "root", &m->root_key, e));
    return sim_cert_make(&spec, m->root_key, m->root_key, m->root_key, &m->root, e);
}

/* One CA for all platforms, as Intel has one. */
static enum err_code make_ca(struct making *m, struct err *e)
{
    struct sim_cert_spec spec = {
        .subject = m->fault == SIM_CA_NAME ? "Intel SGX PCK Other CA" : SIM_CN_CA,
        .issuer = SIM_CN_ROOT,
        .not_before = m->fault == SIM_CA_EXPIRED ? "200101000000Z" : NULL,
        .not_after = m->fault == SIM_CA_EXPIRED ? "210101000000Z" : NULL,
        .crl = "http://simulated.invalid/root.crl",
        .is_ca = m->fault != SIM_CA_NOT_CA,
        .key_usage = m->fault == SIM_CA_NO_CERT_SIGN ? 0x02 : 0x06,
        .usage_bits = 1,
    };

    TRY(sim_key("", "platform-ca", &m->ca_key, e));
    return sim_cert_make(&spec, m->ca_key, m->root_key,
                         m->fault == SIM_CA_SIG ? m->other : m->root_key, &m->ca, e);
}

static enum err_code make_leaf(struct making *m, const struct sim_platform_info *info,
                               const EVP_PKEY *pck, struct err *e)
{
    struct buf sgx AUTO_CALL(buf_done) = PART;
    bool expired = m->fault == SIM_LEAF_EXPIRED;
    struct sim_cert_spec spec = {
        .subject = m->fault == SIM_LEAF_NAME ? "Intel SGX TCB Signing" : SIM_CN_LEAF,
        .issuer = m->fault == SIM_LEAF_ISSUER ? "Intel SGX PCK Processor CA"
                  : m->fault == SIM_CA_NAME   ? "Intel SGX PCK Other CA"
                                              : SIM_CN_CA,
        .not_before = expired                       ? "200101000000Z"
                      : m->fault == SIM_LEAF_FUTURE ? "491230000000Z"
                                                    : NULL,
        .not_after = expired ? "210101000000Z" : NULL,
        .crl = "http://simulated.invalid/platform.crl",
        .is_ca = m->fault == SIM_LEAF_IS_CA,
        .key_usage = 0xc0, /* digitalSignature, nonRepudiation */
        .usage_bits = 6,
        .sgx_twice = m->fault == SIM_SGX_TWICE,
    };

    TRY(sim_sgx_extension(info, m->fault, &sgx, e));
    if (m->fault != SIM_SGX_MISSING)
        spec.sgx = buf_bytes(&sgx);
    return sim_cert_make(&spec, pck, m->ca_key, m->fault == SIM_LEAF_SIG ? m->other : m->ca_key,
                         &m->leaf, e);
}

enum err_code sim_chain_make(const struct sim_platform_info *info, enum sim_fault fault,
                             const EVP_PKEY *pck, const EVP_PKEY *other, struct buf *ret,
                             struct err *e)
{
    struct making m AUTO_CALL(making_done) = {
        .fault = fault, .other = other, .root = PART, .ca = PART, .leaf = PART};
    const char *label = "CERTIFICATE";
    bool swap = fault == SIM_CHAIN_ORDER;

    TRY(make_root(&m, e));
    TRY(make_ca(&m, e));
    TRY(make_leaf(&m, info, pck, e));
    pem_put(ret, label, buf_bytes(swap ? &m.ca : &m.leaf));
    pem_put(ret, label, buf_bytes(swap ? &m.leaf : &m.ca));
    if (fault != SIM_CHAIN_SHORT)
        pem_put(ret, label, buf_bytes(&m.root));
    if (fault == SIM_CHAIN_LONG)
        pem_put(ret, label, buf_bytes(&m.root));
    return buf_check(ret, e);
}
