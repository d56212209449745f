#include "base/codec.h"
#include "cli/cli.h"
#include "kms/audit.h"

static enum err_code find_receipt(const struct cli_args *a, json *result, struct err *e)
{
    struct audit_receipt receipt = {0};

    TRY(cli_u64(a, "seq", UINT64_MAX, &receipt.seq, e));
    TRY_IN(e, cli_hash32(a, "head", &receipt.head, e), "a receipt is --node, --seq and --head");
    if (!cli_value(a, "node"))
        return err_set(e, ERR_USAGE, "a receipt is --node, --seq and --head");
    TRY_IN(e, hex_decode(bytes_of_str(cli_value(a, "node")), receipt.node, sizeof receipt.node, e),
           "--node");
    TRY_IN(e, audit_find(a->positional[0], &receipt, e), "receipt");
    return json_put_bool(result, "receipt_found", true, e);
}

static enum err_code verify(const struct cli_args *a, struct err *e)
{
    struct audit_report r;
    AUTO(json) result = NULL;

    TRY(audit_verify(a->positional[0], &r, e));
    if (r.records == 0)
        return err_set(e, ERR_VERIFY, "%s: found no whole record, expected an audit log",
                       a->positional[0]);
    TRY(json_new_object(&result, e));
    TRY(json_put_bool(result, "intact", true, e));
    TRY(json_put_u64(result, "records", r.records, e));
    TRY(json_put_u64(result, "releases", r.releases, e));
    TRY(json_put_u64(result, "gaps", r.gaps, e));
    TRY(json_put_u64(result, "torn_bytes", r.torn_bytes, e));
    TRY(json_put_hex(result, "node", BYTES(r.node), e));
    TRY(json_put_u64(result, "last_seq", r.last_seq, e));
    TRY(json_put_hex(result, "head", BYTES_OF(r.head), e));
    if (cli_value(a, "seq"))
        TRY(find_receipt(a, result, e));
    return cli_print(a, result, e);
}

static const struct cli_option verify_options[] = {
    {"node", "HEX", "of a receipt: is it in this log?", NULL, CLI_OPTIONAL},
    {"seq", "N", "of a receipt", NULL, CLI_OPTIONAL},
    {"head", "HASH", "of a receipt", NULL, CLI_OPTIONAL},
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"verify", "check the hash chain of an audit log, and a receipt against it", "FILE", 1,
     verify_options, "teereg audit verify /var/lib/teereg/audit.log --json", verify},
    {.name = NULL},
};

const struct cli_noun cli_noun_audit = {"audit", "what a KMS released, to whom, when", verbs};
