/* Collateral as anybody may send it: each input is tried as a bundle, a revocation list, TCB info,
 * QE identity, and a policy in both forms. */
#include "attest/collateral.h"
#include "attest/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bundle(struct bytes in)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(4 * COLLATERAL_BUNDLE_MAX);
    struct err e;

    if (collateral_bundle_decode(in, &b, &e) != ERR_OK)
        return;
    collateral_of_bundle(&b, attest_roots(), NULL, &c);
    (void)!collateral_bundle_encode(&b, &text, &e);
}

static void policy(struct bytes in)
{
    struct buf again AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);
    struct attest_policy p;
    struct err e;

    (void)!attest_policy_decode_json(in, &p, &e);
    (void)!attest_policy_body_decode(in, &p, &e);
    if (attest_policy_decode(in, &p, &e) != ERR_OK)
        return;
    if (attest_policy_encode(&p, &again, &e) != ERR_OK || !bytes_eq(buf_bytes(&again), in))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf der AUTO_CALL(buf_done) = BUF(CRL_DER_MAX);
    struct crl crl AUTO_CALL(crl_done) = {0};
    struct tcb_info info AUTO_CALL(tcb_info_done) = {0};
    struct qe_identity qe AUTO_CALL(qe_identity_done) = {0};
    struct bytes in = {data, size};
    struct err e;

    bundle(in);
    policy(in);
    if (crl_parse(in, &crl, &e) == ERR_OK)
        (void)crl_has(&crl, in);
    (void)!crl_to_der(in, &der, &e);
    (void)!tcb_info_parse(in, &info, &e);
    (void)!qe_identity_parse(in, &qe, &e);
    return 0;
}
