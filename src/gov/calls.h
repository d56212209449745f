/* calls - what a call of one of the contracts says, for people.  Room: gov. */
#pragma once
#include "base/buf.h"

/* "setPaused(paused=true)" of calldata of the contracts, or of a timelock's or Safe's call around
 * it; "unknown call 0x12345678" of anything else. */
void gov_call_text(struct bytes data, struct buf *out);
