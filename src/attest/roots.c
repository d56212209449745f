#include "attest/roots.h"

#include "attest/root_intel.h"
#ifdef TEEREG_DEV_ROOTS
#include "attest/root_dev.h"
#endif

static const struct attest_root table[] = {
    {
        .label = "Intel SGX Root CA",
        .der = {root_intel_der, sizeof root_intel_der},
    },
#ifdef TEEREG_DEV_ROOTS
    {
        .label = "throw-away root of development builds",
        .development = true,
        .der = {root_dev_der, sizeof root_dev_der},
    },
#endif
};

const struct attest_roots *attest_roots(void)
{
    static const struct attest_roots roots = {table, sizeof table / sizeof table[0]};

    return &roots;
}
