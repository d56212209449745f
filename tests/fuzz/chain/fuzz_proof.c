/* fuzz: an answer of eth_getProof under the root that its first node has. */
#include <stdlib.h>
#include "chain/proof.h"
#include "base/codec.h"
#include "crypto/digest.h"

/* So that the walk begins, whatever the first node is. */
static struct hash32 root_of(const json *answer)
{
    struct buf node AUTO_CALL(buf_done) = BUF(65536);
    struct hash32 root = mpt_empty_root;
    const json *list;
    const char *hex;
    struct err e;

    if (json_get_array(answer, "accountProof", &list, &e) != ERR_OK)
        return root;
    hex = json_str(json_at(list, 0));
    if (!hex || strlen(hex) < 4 || hex_decode_buf(bytes_of_str(hex + 2), &node, &e) != ERR_OK)
        return root;
    keccak256(buf_bytes(&node), &root);
    return root;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proved_slot slots[4];
    AUTO(json) answer = NULL;
    struct mpt_account a;
    struct hash32 root;
    struct addr at;
    struct err e;
    size_t n;

    if (json_parse((struct bytes){data, size}, 65536, &answer, &e) != ERR_OK ||
        !json_is_object(answer))
        return 0;
    root = root_of(answer);
    if (proof_check(answer, &root, &at, &a, slots, 4, &n, &e) != ERR_OK)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (slots[i].present == hash32_is_zero(&slots[i].word))
            abort();
    return 0;
}
