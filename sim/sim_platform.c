/* A platform: its identity, its quoting enclave, and the signature data of all its quotes. */
#include "sim_platform.h"

#include <openssl/ecdsa.h>

#include "crypto/digest.h"
#include "sim_root.h"

/* MRSIGNER of Intel's TD quoting enclave: a verifier asks for it. */
static const uint8_t intel_qe_signer[32] = {
    0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03,
    0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5};

enum { CERT_PPID = 1, CERT_PCK_CHAIN = 5, CERT_QE_REPORT = 6 };

enum err_code sim_sign_raw(const EVP_PKEY *key, struct bytes msg,
                           uint8_t ret[static SIM_RAW_SIG_LEN], struct err *e)
{
    struct buf der AUTO_CALL(buf_done) = BUF(80);
    const uint8_t *at;
    ECDSA_SIG *sig;
    bool ok;

    TRY(p256_sign_deterministic(key, msg, &der, e));
    at = der.p;
    sig = d2i_ECDSA_SIG(NULL, &at, (long)der.n);
    ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    return ok ? ERR_OK : err_set(e, ERR_INTERNAL, "a signature that is not two numbers");
}

/* n bytes that follow from the seed. */
static void seeded(const char *seed, const char *purpose, uint8_t *ret, size_t n)
{
    struct hash32 h;

    SHA256_OF(&h, bytes_of_str("teereg-sim id "), bytes_of_str(purpose), bytes_of_str(" of "),
              bytes_of_str(seed));
    memcpy(ret, h.b, n < sizeof h.b ? n : sizeof h.b);
}

static void put_identity(struct sim_platform *p, const char *seed)
{
    static const uint8_t components[16] = {4, 4, 2, 2, 4, 1, 0, 5};

    p->info.pcesvn = 13;
    memcpy(p->info.tcb_components, components, sizeof components);
    memcpy(p->info.cpusvn, components, sizeof components);
    memcpy(p->info.fmspc, "SIM", 3); /* no real family: they begin with a CPUID signature */
    seeded(seed, "ppid", p->info.ppid, sizeof p->info.ppid);
    seeded(seed, "platform instance", p->info.instance_id, sizeof p->info.instance_id);
    seeded(seed, "quoting enclave", p->qe_id, sizeof p->qe_id);
}

/* SGX report body of the quoting enclave (384 bytes). */
static void put_qe_report(struct buf *out, const struct sim_platform *p, const struct hash32 *bound)
{
    static const uint8_t cpusvn[16] = {4, 4, 0x19, 0x1b, 4, 0xff, 0, 6};
    struct hash32 mrenclave;
    uint8_t tail[32] = {0};

    sha256(bytes_of_str("teereg-sim quoting enclave"), &mrenclave);
    if (p->fault == SIM_QE_TAIL)
        tail[31] = 1;
    buf_put(out, BYTES(cpusvn));
    buf_put_zero(out, 4 + 28);                                  /* MISCSELECT, reserved */
    buf_put_u64le(out, p->fault == SIM_QE_DEBUG ? 0x17 : 0x15); /* INIT, 64 bit, PROVISION_KEY */
    buf_put_u64le(out, 0xe7);                                   /* XFRM */
    buf_put(out, BYTES_OF(mrenclave));
    buf_put_zero(out, 32);
    if (p->fault == SIM_QE_SIGNER)
        buf_put(out, BYTES_OF(mrenclave));
    else
        buf_put(out, BYTES(intel_qe_signer));
    buf_put_zero(out, 96);
    buf_put_u16le(out, 2); /* ISVPRODID */
    buf_put_u16le(out, 7); /* ISVSVN */
    buf_put_zero(out, 60);
    buf_put(out, BYTES_OF(*bound));
    buf_put(out, BYTES(tail));
}

/* Everything of the signature data behind the quote signature (Intel's quote format, table
 * "ECDSA 256-bit quote signature data structure"). */
static enum err_code put_tail(struct sim_platform *p, const EVP_PKEY *attestation,
                              const EVP_PKEY *pck, const EVP_PKEY *other, struct err *e)
{
    struct buf report AUTO_CALL(buf_done) = BUF(SIM_QE_REPORT_LEN);
    uint8_t point[P256_POINT_LEN], bound_point[P256_POINT_LEN], signature[SIM_RAW_SIG_LEN];
    uint8_t auth[32];
    struct hash32 bound;
    uint32_t inner;

    for (uint8_t i = 0; i < sizeof auth; i++)
        auth[i] = i; /* as Intel's quoting enclave fills it */
    TRY(p256_point(attestation, point, e));
    TRY(p256_point(p->fault == SIM_QE_HASH ? other : attestation, bound_point, e));
    SHA256_OF(&bound, ((struct bytes){bound_point + 1, 64}), BYTES(auth));
    put_qe_report(&report, p, &bound);
    TRY(buf_check(&report, e));
    TRY(sim_sign_raw(p->fault == SIM_QE_SIG ? other : pck, buf_bytes(&report), signature, e));

    inner = p->fault == SIM_INNER_TYPE ? sizeof p->info.ppid : (uint32_t)p->chain.n;
    buf_put(&p->tail, (struct bytes){point + 1, 64});
    buf_put_u16le(&p->tail, p->fault == SIM_OUTER_TYPE ? CERT_PCK_CHAIN : CERT_QE_REPORT);
    buf_put_u32le(&p->tail,
                  (uint32_t)(SIM_QE_REPORT_LEN + SIM_RAW_SIG_LEN + 2 + sizeof auth + 6) + inner);
    buf_put(&p->tail, buf_bytes(&report));
    buf_put(&p->tail, BYTES(signature));
    buf_put_u16le(&p->tail, sizeof auth);
    buf_put(&p->tail, BYTES(auth));
    buf_put_u16le(&p->tail, p->fault == SIM_INNER_TYPE ? CERT_PPID : CERT_PCK_CHAIN);
    buf_put_u32le(&p->tail, inner);
    buf_put(&p->tail, p->fault == SIM_INNER_TYPE ? BYTES(p->info.ppid) : buf_bytes(&p->chain));
    return buf_check(&p->tail, e);
}

enum err_code sim_platform_new(const char *seed, enum sim_fault fault, sim_platform **ret,
                               struct err *e)
{
    AUTO(sim_platform) p = calloc(1, sizeof *p);
    AUTO(EVP_PKEY) attestation = NULL;
    AUTO(EVP_PKEY) pck = NULL;
    AUTO(EVP_PKEY) other = NULL;

    if (!p)
        return err_set(e, ERR_NOMEM, "simulated platform");
    p->fault = fault;
    p->chain = BUF(SIM_QUOTE_MAX);
    p->tail = BUF(SIM_QUOTE_MAX);
    put_identity(p, seed);
    TRY(sim_key(seed, "attestation", &attestation, e));
    TRY(sim_key(seed, "pck", &pck, e));
    TRY(sim_key(seed, "another key", &other, e));
    TRY(sim_chain_make(&p->info, fault, pck, other, &p->chain, e));
    TRY(put_tail(p, attestation, pck, other, e));
    p->signer = fault == SIM_QUOTE_SIG ? TAKE(other) : TAKE(attestation);
    *ret = TAKE(p);
    return ERR_OK;
}

void sim_platform_free(sim_platform *p)
{
    if (!p)
        return;
    EVP_PKEY_free(p->signer);
    buf_done(&p->chain);
    buf_done(&p->tail);
    free(p);
}

const struct sim_platform_info *sim_platform_info(const sim_platform *p)
{
    return &p->info;
}

struct bytes sim_platform_chain(const sim_platform *p)
{
    return buf_bytes(&p->chain);
}
