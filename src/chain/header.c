/* header - see header.h. */
#include "chain/header.h"
#include "base/codec.h"
#include "chain/rlp.h"
#include "chain/rpc.h"
#include "crypto/digest.h"

#define EXTRA_MAX  1024 /* 32 on mainnet; networks of known signers put signatures there */
#define BLOOM_SIZE 256
#define RLP_MAX    4096

/* The fork that brought a field. */
enum fork { FRONTIER, LONDON, SHANGHAI, CANCUN, PRAGUE };

/* The fields in the order of the RLP.  A field's width: bytes, or a number, or bytes of any
 * length. */
enum { NUMBER = 0, ANY = 1 };
static const struct field {
    const char *name;
    size_t width;
    enum fork since;
} fields[] = {
    {"parentHash", 32, FRONTIER},
    {"sha3Uncles", 32, FRONTIER},
    {"miner", 20, FRONTIER},
    {"stateRoot", 32, FRONTIER},
    {"transactionsRoot", 32, FRONTIER},
    {"receiptsRoot", 32, FRONTIER},
    {"logsBloom", BLOOM_SIZE, FRONTIER},
    {"difficulty", NUMBER, FRONTIER},
    {"number", NUMBER, FRONTIER},
    {"gasLimit", NUMBER, FRONTIER},
    {"gasUsed", NUMBER, FRONTIER},
    {"timestamp", NUMBER, FRONTIER},
    {"extraData", ANY, FRONTIER},
    {"mixHash", 32, FRONTIER},
    {"nonce", 8, FRONTIER},
    {"baseFeePerGas", NUMBER, LONDON},
    {"withdrawalsRoot", 32, SHANGHAI},
    {"blobGasUsed", NUMBER, CANCUN},
    {"excessBlobGas", NUMBER, CANCUN},
    {"parentBeaconBlockRoot", 32, CANCUN},
    {"requestsHash", 32, PRAGUE},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static enum err_code put_field(const struct field *f, const json *value, struct buf *out,
                               struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(EXTRA_MAX);
    uint8_t exact[BLOOM_SIZE];
    uint64_t number;

    if (f->width == NUMBER) {
        TRY(rpc_quantity(value, &number, e));
        rlp_put_u64(out, number);
    } else if (f->width == ANY) {
        TRY(rpc_data_buf(value, &data, e));
        rlp_put_str(out, buf_bytes(&data));
    } else {
        TRY(rpc_data(value, exact, f->width, e));
        rlp_put_str(out, (struct bytes){exact, f->width});
    }
    return ERR_OK;
}

/* The member, or NULL where it is missing or null. */
static const json *member_of(const json *block, const char *name)
{
    const json *value;
    struct err ignored;

    if (json_get(block, name, &value, &ignored) != ERR_OK || json_is_null(value))
        return NULL;
    return value;
}

/* The fields of a fork that is there are all there, and so are those of the forks before. */
static enum err_code put_fields(const json *block, struct buf *out, struct err *e)
{
    enum fork newest = FRONTIER;

    for (size_t i = 0; i < FIELDS; i++)
        if (member_of(block, fields[i].name) && fields[i].since > newest)
            newest = fields[i].since;
    for (size_t i = 0; i < FIELDS && fields[i].since <= newest; i++) {
        const json *value = member_of(block, fields[i].name);

        if (!value)
            return err_set(e, ERR_INVALID, "header: no %s", fields[i].name);
        if (put_field(&fields[i], value, out, e) != ERR_OK) {
            e->code = e->code == ERR_UPSTREAM ? ERR_INVALID : e->code;
            return err_wrap(e, "header: %s", fields[i].name);
        }
    }
    return buf_check(out, e);
}

static enum err_code hash_fields(const json *block, struct hash32 *ret, struct err *e)
{
    struct buf items AUTO_CALL(buf_done) = BUF(RLP_MAX), whole AUTO_CALL(buf_done) = BUF(RLP_MAX);

    TRY(put_fields(block, &items, e));
    rlp_put_list(&whole, buf_bytes(&items));
    TRY(buf_check(&whole, e));
    keccak256(buf_bytes(&whole), ret);
    return ERR_OK;
}

static enum err_code read_known(const json *block, struct block_header *ret, struct err *e)
{
    TRY(rpc_quantity(member_of(block, "number"), &ret->id.ref.number, e));
    TRY(rpc_quantity(member_of(block, "timestamp"), &ret->id.timestamp, e));
    TRY(rpc_data(member_of(block, "parentHash"), ret->parent.b, sizeof ret->parent.b, e));
    TRY(rpc_data(member_of(block, "stateRoot"), ret->state_root.b, sizeof ret->state_root.b, e));
    return ERR_OK;
}

enum err_code header_parse(const json *block, struct block_header *ret, struct err *e)
{
    struct block_header found = {0}; /* in no doubt (chain/view.h) */
    struct hash32 claimed;

    if (!json_is_object(block))
        return err_set(e, ERR_INVALID, "header: expected a block");
    TRY(hash_fields(block, &found.id.ref.hash, e));
    TRY(read_known(block, &found, e));
    if (found.id.ref.number > INT64_MAX || found.id.timestamp > INT64_MAX)
        return err_set(e, ERR_INVALID, "header: a number or time that no chain reaches");
    if (rpc_data(member_of(block, "hash"), claimed.b, sizeof claimed.b, e) != ERR_OK) {
        e->code = ERR_INVALID;
        return err_wrap(e, "header: hash");
    }
    if (!hash32_eq(&claimed, &found.id.ref.hash)) {
        char hex[HEX_LEN(32)];

        hex_encode(BYTES_OF(found.id.ref.hash), hex);
        return err_set(e, ERR_VERIFY,
                       "header: block %llu: its fields have the hash 0x%s, which it does not "
                       "claim: they are not the block's, or it has fields that are not known here",
                       (unsigned long long)found.id.ref.number, hex);
    }
    *ret = found;
    return ERR_OK;
}
