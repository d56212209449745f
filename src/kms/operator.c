#include "kms/operator.h"

#include "crypto/digest.h"

static const char domain_type[] =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
static const char authorize_type[] =
    "Authorize(string purpose,address kms,address app,bytes32 subjectSpkiSha256,bytes32 nonce,"
    "uint64 expiry)";

/* EIP-712 encodes each field in 32 bytes; strings by their hash. */
static struct hash32 of_str(const char *s)
{
    struct hash32 h;

    keccak256(bytes_of_str(s), &h);
    return h;
}

static struct hash32 of_u64(uint64_t v)
{
    struct hash32 w = {0};

    for (size_t i = 0; i < 8; i++)
        w.b[24 + i] = (uint8_t)(v >> (56 - 8 * i));
    return w;
}

static struct hash32 of_addr(const struct addr *a)
{
    struct hash32 w = {0};

    memcpy(w.b + 12, a->b, sizeof a->b);
    return w;
}

static struct hash32 of_words(const struct hash32 *words, size_t n)
{
    struct hash32 h;

    keccak256((struct bytes){(const uint8_t *)words, n * sizeof *words}, &h);
    return h;
}

void operator_digest(const struct operator_authorize *a, struct hash32 *ret)
{
    const struct hash32 domain_words[] = {
        of_str(domain_type), of_str("teereg"), of_str("2"), of_u64(a->chain_id), of_addr(&a->app),
    };
    const struct hash32 struct_words[] = {
        of_str(authorize_type), of_str(a->purpose), of_addr(&a->kms),  of_addr(&a->app),
        a->subject_spki_sha256, a->nonce,           of_u64(a->expiry),
    };
    struct hash32 domain = of_words(domain_words, sizeof domain_words / sizeof *domain_words);
    struct hash32 fields = of_words(struct_words, sizeof struct_words / sizeof *struct_words);
    static const uint8_t prefix[2] = {0x19, 0x01};

    KECCAK256_OF(ret, BYTES(prefix), BYTES_OF(domain), BYTES_OF(fields));
}

static enum err_code check_expiry(uint64_t expiry, int64_t now, struct err *e)
{
    if (now < 0 || expiry < (uint64_t)now)
        return err_set(e, ERR_TIMEOUT,
                       "the operator's authorisation expired at %llu: the operator "
                       "has to sign a new one",
                       (unsigned long long)expiry);
    if (expiry - (uint64_t)now > OPERATOR_EXPIRY_MAX_S)
        return err_set(e, ERR_TIMEOUT,
                       "the operator's authorisation is good for another %llu s: at most %d are "
                       "accepted",
                       (unsigned long long)(expiry - (uint64_t)now), OPERATOR_EXPIRY_MAX_S);
    return ERR_OK;
}

enum err_code operator_sign(const secret *key, const struct operator_authorize *a, int64_t now,
                            struct msg_authorisation *ret, struct err *e)
{
    struct eth_signature sig;
    struct hash32 digest;

    TRY(check_expiry(a->expiry, now, e));
    operator_digest(a, &digest);
    TRY(secp256k1_sign(key, &digest, &sig, e));
    *ret = (struct msg_authorisation){.nonce = a->nonce, .expiry = a->expiry, .v = sig.v};
    memcpy(ret->r, sig.r, sizeof ret->r);
    memcpy(ret->s, sig.s, sizeof ret->s);
    return ERR_OK;
}

enum err_code operator_verify(const struct msg_authorisation *auth,
                              const struct operator_authorize *expected, int64_t now,
                              struct addr *ret, struct err *e)
{
    struct operator_authorize a = *expected;
    struct eth_signature sig = {.v = auth->v};
    struct hash32 digest;

    TRY(check_expiry(auth->expiry, now, e));
    a.nonce = auth->nonce;
    a.expiry = auth->expiry;
    operator_digest(&a, &digest);
    memcpy(sig.r, auth->r, sizeof sig.r);
    memcpy(sig.s, auth->s, sizeof sig.s);
    return secp256k1_signer(&digest, &sig, ret, e);
}
