/* azure_quote TPM IMDS INTERMEDIATES|- REPORT_DATA_HEX OUT: what an Azure machine shows of itself,
 * encoded, into the file OUT; asked for twice, as a service does. */
#include <stdio.h>
#include "attest/provider.h"
#include "attest/azure_evidence.h"
#include "base/codec.h"
#include "base/fs.h"

static enum err_code run(char **argv, struct err *e)
{
    const struct provider_local_config c = {
        .from = QUOTES_AUTO,
        .tsm_report = "/nonexistent",
        .azure = {.tpm = argv[1],
                  .imds = argv[2],
                  .intermediates = strcmp(argv[3], "-") == 0 ? NULL : argv[3]},
    };
    struct buf out AUTO_CALL(buf_done) = BUF(AZURE_EVIDENCE_MAX);
    AUTO(quote_provider) p = NULL;
    struct report_data rd;

    TRY(hex_decode(bytes_of_str(argv[4]), rd.b, sizeof rd.b, e));
    TRY(provider_open_local(&c, &p, e));
    printf("%s %s\n", p->name, p->evidence_type);
    TRY(quote_provider_quote(p, &rd, &out, e));
    buf_clear(&out);
    TRY(quote_provider_quote(p, &rd, &out, e));
    return fs_write_atomic(argv[5], buf_bytes(&out), 0600, e);
}

int main(int argc, char **argv)
{
    struct err e = {0};

    if (argc != 6) {
        fprintf(stderr, "usage: azure_quote TPM IMDS INTERMEDIATES|- REPORT_DATA_HEX OUT\n");
        return 2;
    }
    if (run(argv, &e) == ERR_OK)
        return 0;
    fprintf(stderr, "azure_quote: %s: %s\n", err_name(e.code), e.msg);
    return 1;
}
