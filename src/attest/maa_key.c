#include "attest/maa_key.h"

#include "base/rd.h"
#include "crypto/x509_chain.h"

static const uint8_t mrsigner[32] = {
    0x74, 0xba, 0x5f, 0xba, 0x20, 0x85, 0x71, 0xcf, 0x99, 0xe1, 0xf7, 0x15, 0x8e, 0x65, 0x36, 0xa0,
    0x5b, 0xbb, 0x6c, 0xe7, 0x80, 0x7e, 0xef, 0x8f, 0x6a, 0x97, 0xf6, 0x4a, 0x7a, 0xf6, 0x4b, 0x83};
enum { PRODUCT = 1, MIN_SVN = 1 };
#define SGX_DEBUG 0x02 /* ATTRIBUTES, byte 0 */

static enum err_code read_quote(const struct jwks_key *k, struct buf *ret, struct err *e)
{
    AUTO(X509) c = NULL;
    struct bytes x, quote;
    uint32_t version, type;
    uint64_t n;
    struct rd r;

    if (k->certificate.n == 0)
        return err_set(e, ERR_VERIFY, "it has no certificate");
    TRY(x509_parse(buf_bytes(&k->certificate), &c, e));
    TRY(x509_check_self_signed(c, e));
    TRY(x509_extension(c, MAA_KEY_OID, &x, e));
    r = rd_of(x);
    version = rd_u32le(&r);
    type = rd_u32le(&r);
    n = rd_u64le(&r);
    if (n != r.left)
        r.bad = true;
    quote = rd_take(&r, r.left);
    if (!rd_end(&r) || version != 1 || type != 2)
        return err_set(e, ERR_INVALID, "the certificate's extension is not that of an SGX quote");
    buf_put(ret, quote);
    return buf_check(ret, e);
}

enum err_code maa_key_quote(const struct jwks_key *k, struct buf *ret, enum attest_fault *fault,
                            struct err *e)
{
    struct err why;

    if (read_quote(k, ret, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_MAA_KEY, "%s", why.msg);
    return ERR_OK;
}

static enum err_code check_enclave(const struct sgx_report *enclave, enum attest_fault *fault,
                                   struct err *e)
{
    if (enclave->attributes[0] & SGX_DEBUG)
        return attest_fail(fault, e, FAULT_MAA_KEY, "the enclave is a DEBUG one");
    if (!bytes_eq(BYTES(enclave->mrsigner), BYTES(mrsigner)))
        return attest_fail(fault, e, FAULT_MAA_KEY,
                           "the enclave is signed by somebody else than the service");
    if (enclave->isvprodid != PRODUCT || enclave->isvsvn < MIN_SVN)
        return attest_fail(fault, e, FAULT_MAA_KEY,
                           "the enclave is product %u, version %u: expected %d, at least %d",
                           enclave->isvprodid, enclave->isvsvn, PRODUCT, MIN_SVN);
    return ERR_OK;
}

enum err_code maa_key_admit(const struct jwks_key *k, const struct attest_question *as,
                            enum attest_fault *fault, struct err *e)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct attest_question question = *as;
    struct report_data expected = {0};
    struct attest_examination x;
    struct hash32 named;
    struct err why;

    if (jwks_kid_hash(k, &named, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_MAA_KEY, "%s", why.msg);
    TRY(maa_key_quote(k, &quote, fault, e));
    question.quote = buf_bytes(&quote);
    memcpy(expected.b, named.b, sizeof named.b);
    question.tee = QUOTE_TEE_SGX;
    question.expected = &expected;
    attest_examine(&question, &x);
    if (!x.ok)
        return attest_fail(fault, e, x.fault, "quote of the service's enclave: %s",
                           x.check[x.first].detail);
    return check_enclave(&x.facts.enclave, fault, e);
}
