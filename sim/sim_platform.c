/* A platform: its identity, its quoting enclave, and the signature data of all its quotes. */
#include "sim_platform.h"

#include <openssl/ecdsa.h>

#include "crypto/digest.h"
#include "sim_root.h"

/* MRSIGNER of Intel's TD quoting enclave: a verifier asks for it. */
static const uint8_t intel_qe_signer[32] = {
    0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03,
    0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5};

/* MRSIGNER of Intel's SGX quoting enclave. */
static const uint8_t intel_sgx_qe_signer[32] = {
    0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96, 0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a,
    0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14, 0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff};

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

/* SGX report body of the quoting enclave (384 bytes) for TDs or for enclaves. */
static void put_qe_report(struct buf *out, const struct sim_platform *p, bool sgx,
                          const struct hash32 *bound)
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
        buf_put(out, sgx ? BYTES(intel_sgx_qe_signer) : BYTES(intel_qe_signer));
    buf_put_zero(out, 96);
    buf_put_u16le(out, sgx ? 1 : 2); /* ISVPRODID */
    buf_put_u16le(out, 7);           /* ISVSVN */
    buf_put_zero(out, 60);
    buf_put(out, BYTES_OF(*bound));
    buf_put(out, BYTES(tail));
}

/* Attestation key to end, with or without the wrapper of versions 4 and 5 (Intel's quote format,
 * table "ECDSA 256-bit quote signature data structure"). */
static void put_parts(struct buf *out, const struct sim_platform *p, bool sgx, struct bytes key,
                      struct bytes report, struct bytes signature, struct bytes auth)
{
    const bool ppid = p->fault == SIM_INNER_TYPE;
    const struct bytes inner = ppid ? BYTES(p->info.ppid) : buf_bytes(&p->chain);

    buf_put(out, key);
    if (!sgx) {
        buf_put_u16le(out, p->fault == SIM_OUTER_TYPE ? CERT_PCK_CHAIN : CERT_QE_REPORT);
        buf_put_u32le(out, (uint32_t)(report.n + signature.n + 2 + auth.n + 6) + (uint32_t)inner.n);
    }
    buf_put(out, report);
    buf_put(out, signature);
    buf_put_u16le(out, (uint16_t)auth.n);
    buf_put(out, auth);
    buf_put_u16le(out, ppid ? CERT_PPID : CERT_PCK_CHAIN);
    buf_put_u32le(out, (uint32_t)inner.n);
    buf_put(out, inner);
}

/* Everything of the signature data behind the quote signature. */
static enum err_code put_tail(struct sim_platform *p, bool sgx, const EVP_PKEY *attestation,
                              const EVP_PKEY *pck, const EVP_PKEY *other, struct buf *out,
                              struct err *e)
{
    struct buf report AUTO_CALL(buf_done) = BUF(SIM_QE_REPORT_LEN);
    uint8_t point[P256_POINT_LEN], bound_point[P256_POINT_LEN], signature[SIM_RAW_SIG_LEN];
    uint8_t auth[32];
    struct hash32 bound;

    for (uint8_t i = 0; i < sizeof auth; i++)
        auth[i] = i; /* as Intel's quoting enclave fills it */
    TRY(p256_point(attestation, point, e));
    TRY(p256_point(p->fault == SIM_QE_HASH ? other : attestation, bound_point, e));
    SHA256_OF(&bound, ((struct bytes){bound_point + 1, 64}), BYTES(auth));
    put_qe_report(&report, p, sgx, &bound);
    TRY(buf_check(&report, e));
    TRY(sim_sign_raw(p->fault == SIM_QE_SIG ? other : pck, buf_bytes(&report), signature, e));
    put_parts(out, p, sgx, (struct bytes){point + 1, 64}, buf_bytes(&report), BYTES(signature),
              BYTES(auth));
    return buf_check(out, e);
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
    p->sgx_tail = BUF(SIM_QUOTE_MAX);
    put_identity(p, seed);
    TRY(sim_key(seed, "attestation", &attestation, e));
    TRY(sim_key(seed, "pck", &pck, e));
    TRY(sim_key(seed, "another key", &other, e));
    TRY(sim_chain_make(&p->info, fault, pck, other, &p->chain, e));
    TRY(put_tail(p, false, attestation, pck, other, &p->tail, e));
    TRY(put_tail(p, true, attestation, pck, other, &p->sgx_tail, e));
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
    buf_done(&p->sgx_tail);
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
