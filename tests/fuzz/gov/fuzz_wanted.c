/* fuzz: what is read as a desired state is compared with an empty contract: bounded, and each call
 * that comes out can be encoded. */
#include <stdlib.h>
#include "base/json.h"
#include "gov/wanted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gov_contract empty;
    AUTO(gov_wanted) w = NULL;
    AUTO(gov_actions) actions = NULL;
    const struct gov_action *a;
    struct err e = {0};

    if (gov_wanted_parse((struct bytes){data, size}, &w, &e) != ERR_OK)
        return 0;
    empty.contract = w->contract;
    empty.kms = w->kms;
    if (gov_wanted_diff(w, &empty, &actions, &e) != ERR_OK)
        return 0;
    for (size_t i = 0; (a = gov_action_at(actions, i)); i++) {
        struct buf call AUTO_CALL(buf_done) = BUF(4096);

        if (!a->waits && abi_call(a->function, a->values, a->n, &call, &e) != ERR_OK)
            abort();
    }
    return 0;
}
