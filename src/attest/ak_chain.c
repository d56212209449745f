#include "attest/ak_chain.h"

#include "attest/root_microsoft.h"
#include "crypto/x509_chain.h"
#ifdef TEEREG_DEV_ROOTS
#include "attest/root_ak_dev.h"
#endif

static const struct bytes table[] = {
    {root_azure_vtpm_2023_der, sizeof root_azure_vtpm_2023_der},
    {root_rsa_devices_2021_der, sizeof root_rsa_devices_2021_der},
#ifdef TEEREG_DEV_ROOTS
    {root_ak_dev_der, sizeof root_ak_dev_der},
#endif
};

const struct ak_roots *ak_roots(void)
{
    static const struct ak_roots roots = {table, sizeof table / sizeof table[0]};

    return &roots;
}

enum err_code ak_chain_key(struct bytes chain, rsa_pub **ret, enum attest_fault *fault,
                           struct err *e)
{
    struct bytes leaf;
    struct err why;

    if (x509_chain_leaf(chain, &leaf, &why) != ERR_OK ||
        rsa_pub_of_certificate(leaf, ret, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_AK_CHAIN, "%s", why.msg);
    return ERR_OK;
}

enum err_code ak_chain_verify(struct bytes chain, const struct ak_roots *roots, int64_t now,
                              enum attest_fault *fault, struct err *e)
{
    enum x509_chain_problem problem;
    struct err why;

    if (x509_chain_verify(chain, roots->der, roots->n, AK_PURPOSE, now, &problem, &why) == ERR_OK)
        return ERR_OK;
    switch (problem) {
    case X509_CHAIN_ISSUER_MISSING:
        return attest_fail(fault, e, FAULT_AK_INTERMEDIATE_MISSING, "%s", why.msg);
    case X509_CHAIN_EXPIRED:
        return attest_fail(fault, e, FAULT_AK_EXPIRED, "%s", why.msg);
    default:
        return attest_fail(fault, e, FAULT_AK_CHAIN, "%s", why.msg);
    }
}
