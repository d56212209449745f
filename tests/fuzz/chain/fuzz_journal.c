/* fuzz: what is read as a journal is written, read again and is the same. */
#include <stdlib.h>
#include "base/json.h"
#include "chain/journal.h"

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
    static struct journal_entries a, b;
    struct buf once AUTO_CALL(buf_done) = BUF(JOURNAL_FILE_MAX);
    struct buf twice AUTO_CALL(buf_done) = BUF(JOURNAL_FILE_MAX);
    struct err e = {0};

    if (journal_parse((struct bytes){data, size}, &a, &e) != ERR_OK)
        return 0;
    for (size_t i = 1; i < a.n; i++)
        if (a.entry[i - 1].nonce >= a.entry[i].nonce || a.entry[i].n_raws == 0)
            abort();
    if (journal_write(&a, &once, &e) != ERR_OK ||
        journal_parse(buf_bytes(&once), &b, &e) != ERR_OK ||
        journal_write(&b, &twice, &e) != ERR_OK || !bytes_eq(buf_bytes(&once), buf_bytes(&twice)))
        abort();
    journal_entries_done(&a);
    journal_entries_done(&b);
    return 0;
}
