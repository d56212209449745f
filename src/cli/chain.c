/* teereg chain: what a chain shows, to whoever wants to check it himself. */
#include "base/codec.h"
#include "base/fs.h"
#include "chain/header.h"
#include "chain/proof.h"
#include "cli/chain.h"

#define FILE_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* A file that cannot be read is wrong usage; what is in it is judged. */
static enum err_code read_file(const struct cli_args *a, const char *option, struct buf *ret,
                               struct err *e)
{
    enum err_code code = fs_read(cli_value(a, option), ret, e);

    if (code == ERR_OK || code == ERR_NOMEM || code == ERR_TOO_LARGE)
        return code == ERR_OK ? code : err_wrap(e, "--%s", option);
    e->code = ERR_USAGE;
    return err_wrap(e, "--%s", option);
}

/* The result of a call, alone or in the answer that brought it. */
static enum err_code result_in(const json *root, const json **ret, struct err *e)
{
    *ret = root;
    if (!json_is_object(root) || !json_has(root, "jsonrpc"))
        return ERR_OK;
    if (json_has(root, "error"))
        return err_set(e, ERR_INVALID, "it is a node's answer that says an error");
    return json_get(root, "result", ret, e);
}

static enum err_code read_result(const struct cli_args *a, const char *option, json **ret_root,
                                 const json **ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(FILE_BYTES_MAX);

    TRY(read_file(a, option, &text, e));
    TRY_IN(e, json_parse(buf_bytes(&text), FILE_BYTES_MAX, ret_root, e), "--%s", option);
    TRY_IN(e, result_in(*ret_root, ret, e), "--%s", option);
    return ERR_OK;
}

static enum err_code put_block(const struct block_header *h, json *result, struct err *e)
{
    AUTO(json) block = NULL;

    TRY(json_new_object(&block, e));
    TRY(json_put_u64(block, "number", h->id.ref.number, e));
    TRY(json_put_hex0x(block, "hash", BYTES_OF(h->id.ref.hash), e));
    TRY(json_put_u64(block, "timestamp", h->id.timestamp, e));
    TRY(json_put_hex0x(block, "state_root", BYTES_OF(h->state_root), e));
    return json_put(result, "block", TAKE(block), e);
}

/* "0x76", as nodes write numbers. */
static enum err_code put_quantity(json *obj, const char *member, const struct hash32 *word,
                                  struct err *e)
{
    char hex[HEX_LEN(32)], text[HEX_LEN(32) + 2];
    const char *digits = hex;

    hex_encode(BYTES_OF(*word), hex);
    while (digits[0] == '0' && digits[1])
        digits++;
    snprintf(text, sizeof text, "0x%s", digits);
    return json_put_str(obj, member, text, e);
}

static enum err_code put_account(const struct addr *address, const struct mpt_account *a,
                                 json *result, struct err *e)
{
    AUTO(json) account = NULL;
    char nonce[24];

    TRY(json_new_object(&account, e));
    TRY(json_put_hex0x(account, "address", BYTES_OF(*address), e));
    TRY(json_put_bool(account, "exists", a->exists, e));
    snprintf(nonce, sizeof nonce, "0x%llx", (unsigned long long)a->nonce);
    TRY(json_put_str(account, "nonce", nonce, e));
    TRY(put_quantity(account, "balance", &a->balance, e));
    TRY(json_put_hex0x(account, "storage_root", BYTES_OF(a->storage_root), e));
    TRY(json_put_hex0x(account, "code_hash", BYTES_OF(a->code_hash), e));
    return json_put(result, "account", TAKE(account), e);
}

static enum err_code put_slots(const struct proved_slot *slots, size_t n, json *result,
                               struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < n; i++) {
        AUTO(json) slot = NULL;

        TRY(json_new_object(&slot, e));
        TRY(json_put_hex0x(slot, "slot", BYTES_OF(slots[i].slot), e));
        TRY(json_put_hex0x(slot, "value", BYTES_OF(slots[i].word), e));
        TRY(json_put_bool(slot, "present", slots[i].present, e));
        TRY(json_append(list, TAKE(slot), e));
    }
    return json_put(result, "slots", TAKE(list), e);
}

/* As lines for people: a list of objects would be one line of JSON. */
static void print_slots(const struct proved_slot *slots, size_t n)
{
    char key[HEX_LEN(32)], word[HEX_LEN(32)];

    for (size_t i = 0; i < n; i++) {
        hex_encode(BYTES_OF(slots[i].slot), key);
        hex_encode(BYTES_OF(slots[i].word), word);
        printf("slot 0x%s\n  %-18s  0x%s%s\n", key, "value", word,
               slots[i].present ? "" : " (shown to be absent)");
    }
}

struct shown {
    struct block_header header;
    struct addr address;
    struct mpt_account account;
    struct proved_slot slots[PROOF_SLOTS_MAX];
    size_t n;
};

static enum err_code judge(const struct cli_args *a, struct shown *ret, struct err *e)
{
    AUTO(json) header_root = NULL;
    AUTO(json) proof_root = NULL;
    const json *block, *answer;

    TRY(read_result(a, "header", &header_root, &block, e));
    TRY(read_result(a, "proof", &proof_root, &answer, e));
    TRY_IN(e, header_parse(block, &ret->header, e), "--header");
    TRY_IN(e,
           proof_check(answer, &ret->header.state_root, &ret->address, &ret->account, ret->slots,
                       PROOF_SLOTS_MAX, &ret->n, e),
           "--proof");
    return ERR_OK;
}

static enum err_code tell(const struct cli_args *a, const struct shown *s, const struct err *why,
                          struct err *e)
{
    AUTO(json) result = NULL;

    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "verdict", why->code == ERR_OK ? "accept" : "reject", e));
    if (why->code != ERR_OK) {
        TRY(json_put_str(result, "error", why->msg, e));
    } else {
        TRY(put_block(&s->header, result, e));
        TRY(put_account(&s->address, &s->account, result, e));
        if (a->json)
            TRY(put_slots(s->slots, s->n, result, e));
    }
    TRY(cli_print(a, result, e));
    if (why->code != ERR_OK)
        return err_set(e, ERR_DENIED, "rejected: %.900s", why->msg);
    if (!a->json)
        print_slots(s->slots, s->n);
    return ERR_OK;
}

/* Whatever is wrong with the files' contents is an answer, not a failure. */
static bool is_verdict(enum err_code code)
{
    return code == ERR_INVALID || code == ERR_VERIFY || code == ERR_TOO_LARGE ||
           code == ERR_NOT_FOUND || code == ERR_UPSTREAM;
}

static enum err_code verify_proof(const struct cli_args *a, struct err *e)
{
    struct shown shown = {0};
    struct err why = {0};
    enum err_code code = judge(a, &shown, &why);

    if (code != ERR_OK && !is_verdict(code)) {
        *e = why;
        return code;
    }
    return tell(a, &shown, &why, e);
}

static const struct cli_option verify_proof_options[] = {
    {"header", "FILE", "a block: the answer of eth_getBlockByHash", NULL, CLI_REQUIRED},
    {"proof", "FILE", "the answer of eth_getProof at that block", NULL, CLI_REQUIRED},
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {.name = "verify-proof",
     .summary = "Checks an account and its slots, offline, under a block whose hash is computed.",
     .options = verify_proof_options,
     .example = "teereg chain verify-proof --header block.json --proof proof.json --json",
     .run = verify_proof},
    {.name = "status",
     .summary = "Asks all nodes once: what they agree on, and how each of them fares.",
     .options = chain_status_options,
     .example = "teereg chain status --chain-id 1 --quorum 2 --rpc https://a.example \\\n"
                "      --rpc https://b.example --rpc https://c.example",
     .run = chain_status_verb},
    {.name = "watch",
     .summary = "Goes on asking, and says what changes: blocks, nodes that fail or lie.",
     .options = chain_watch_options,
     .example = "teereg chain watch --chain-id 1 --quorum 2 --rpc https://a.example \\\n"
                "      --rpc https://b.example --rpc https://c.example --json",
     .run = chain_watch_verb},
    {.name = "reference",
     .summary = "Reads a contract of the reference, unmodified, by its slots.",
     .positional = "kms|app",
     .n_positional = 1,
     .options = chain_reference_options,
     .example = "teereg chain reference kms --chain-id 1 --contract 0x... --identity 0x... \\\n"
                "      --operator 0x... --app 0x...",
     .run = chain_reference_verb},
    {.name = NULL},
};

const struct cli_noun cli_noun_chain = {
    "chain", "what the chain proves, and how far its nodes agree", verbs};
