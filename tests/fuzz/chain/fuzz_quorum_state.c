/* fuzz: what a chain view remembered; what is read is written again as the same. */
#include <stdlib.h>
#include "chain/quorum_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4 * QUORUM_STATE_MAX);
    static struct quorum_state s, again;
    struct err e;

    if (quorum_state_decode((struct bytes){data, size}, &s, &e) != ERR_OK)
        return 0;
    if (quorum_state_encode(&s, &text, &e) != ERR_OK ||
        quorum_state_decode(buf_bytes(&text), &again, &e) != ERR_OK || again.version != s.version ||
        again.n_conflicts != s.n_conflicts || again.block.ref.number != s.block.ref.number)
        abort();
    return 0;
}
