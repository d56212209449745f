/* explain_mend - the command that would mend what a release fails at.  Room: kms.
 *
 * Private to explain*.c.  Reads the contracts at the newest final block; what time alone mends, and
 * what no single command does, has none. */
#pragma once
#include "kms/explain.h"

/* x: its reason, identity and nearest image are known.  Appends nothing where there is no command.
 */
void explain_mend(const struct kms_authority *a, const struct kms_question *q,
                  const struct kms_explanation *x, struct buf *out);
