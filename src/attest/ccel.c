#include "attest/ccel.h"

#include "attest/ccel_types.h"

#define SIGNATURE "Spec ID Event03" /* with its NUL */
#define INDEX_END 0xffffffffU

#define STOP_LEN      8 /* index and type */
#define SPEC_MAJOR    2
#define SHA1_LEN      20
#define TABLE_AT_TYPE 36

/* TCG Algorithm Registry. */
static const struct ccel_alg known[CCEL_ALGS_MAX] = {
    {0x0004, 20}, {0x000b, 32}, {CCEL_ALG_SHA384, 48}, {0x000d, 64}, {0x0012, 32},
};

static const struct ccel_alg *alg_in(const struct ccel_alg *algs, size_t n, uint16_t id)
{
    for (size_t i = 0; i < n; i++)
        if (algs[i].id == id)
            return &algs[i];
    return NULL;
}

/* ---- the first record ---- */

static enum err_code declare(struct ccel *c, uint16_t id, uint16_t size, struct err *e)
{
    const struct ccel_alg *alg = alg_in(known, CCEL_ALGS_MAX, id);

    if (!alg || alg->size != size)
        return err_set(e, ERR_INVALID,
                       "event log: digest algorithm 0x%04x of %u bytes is not known", id, size);
    if (alg_in(c->alg, c->n_algs, id))
        return err_set(e, ERR_INVALID, "event log: algorithm 0x%04x is declared twice", id);
    c->alg[c->n_algs++] = *alg;
    return ERR_OK;
}

static enum err_code read_spec_id(struct bytes data, struct ccel *c, struct err *e)
{
    struct rd r = rd_of(data);
    uint32_t n;
    uint8_t major;

    if (!bytes_eq(rd_take(&r, sizeof SIGNATURE), BYTES(SIGNATURE)))
        return err_set(e, ERR_INVALID,
                       "not an event log: it does not begin with \"" SIGNATURE "\"");
    rd_u32le(&r); /* platform class */
    rd_u8(&r);    /* minor version */
    major = rd_u8(&r);
    rd_u8(&r); /* errata */
    rd_u8(&r); /* size of a UINTN */
    n = rd_u32le(&r);
    if (rd_ok(&r) && major != SPEC_MAJOR)
        return err_set(e, ERR_INVALID, "event log: specification version %u, expected 2", major);
    if (rd_ok(&r) && (n == 0 || n > CCEL_ALGS_MAX))
        return err_set(e, ERR_INVALID, "event log: %u digest algorithms, expected 1 to %d", n,
                       CCEL_ALGS_MAX);
    for (uint32_t i = 0; rd_ok(&r) && i < n; i++) {
        uint16_t id = rd_u16le(&r), size = rd_u16le(&r);

        if (rd_ok(&r))
            TRY(declare(c, id, size, e));
    }
    rd_take(&r, rd_u8(&r)); /* vendor data */
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "event log: the first record's %zu bytes do not fit it",
                       data.n);
    if (!alg_in(c->alg, c->n_algs, CCEL_ALG_SHA384))
        return err_set(e, ERR_INVALID, "event log: no SHA-384 digests are in it");
    return ERR_OK;
}

enum err_code ccel_begin(struct bytes log, struct ccel *ret, struct err *e)
{
    struct ccel c = {.r = rd_of(log), .size = log.n};
    struct bytes digest, data;
    uint32_t index, type;

    if (log.n > CCEL_MAX)
        return err_set(e, ERR_TOO_LARGE, "an event log of %zu bytes; the most is %d", log.n,
                       CCEL_MAX);
    index = rd_u32le(&c.r);
    type = rd_u32le(&c.r);
    digest = rd_take(&c.r, SHA1_LEN);
    data = rd_take(&c.r, rd_u32le(&c.r));
    if (!rd_ok(&c.r))
        return err_set(e, ERR_INVALID, "event log: cut short in its first record, at %zu bytes",
                       log.n);
    if (index > CCEL_INDEX_MAX || type != EV_NO_ACTION || !bytes_all_zero(digest))
        return err_set(e, ERR_INVALID,
                       "not an event log: the first record is none that begins one");
    TRY(read_spec_id(data, &c, e));
    c.offset = c.size - c.r.left;
    *ret = c;
    return ERR_OK;
}

/* ---- events ---- */

/* Fewer bytes than an index and a type have: padding, if they could begin either way to stop. */
static bool is_padding(const struct rd *r)
{
    for (size_t i = 0; i < r->left; i++)
        if (r->p[i] != r->p[0])
            return false;
    return r->left == 0 || r->p[0] == 0 || r->p[0] == 0xff;
}

static bool at_end(const struct ccel *c)
{
    struct rd r = c->r;
    uint32_t index, type;

    if (r.left < STOP_LEN)
        return is_padding(&r);
    index = rd_u32le(&r);
    type = rd_u32le(&r);
    return index == INDEX_END || (index == 0 && type == 0);
}

static enum err_code read_digests(struct ccel *c, uint32_t n, struct bytes *ret, struct err *e)
{
    struct ccel_alg seen[CCEL_ALGS_MAX];

    if (rd_ok(&c->r) && (n == 0 || n > c->n_algs))
        return err_set(e, ERR_INVALID, "event log: %u digests at %zu, the log declares %zu", n,
                       c->offset, c->n_algs);
    for (uint32_t i = 0; rd_ok(&c->r) && i < n; i++) {
        uint16_t id = rd_u16le(&c->r);
        const struct ccel_alg *alg = alg_in(c->alg, c->n_algs, id);
        struct bytes digest;

        if (!rd_ok(&c->r))
            return ERR_OK; /* the caller tells of it */
        if (!alg)
            return err_set(e, ERR_INVALID,
                           "event log: unknown digest algorithm 0x%04x at %zu: it is not declared",
                           id, c->offset);
        if (alg_in(seen, i, id))
            return err_set(e, ERR_INVALID, "event log: two digests of algorithm 0x%04x at %zu", id,
                           c->offset);
        seen[i] = *alg;
        digest = rd_take(&c->r, alg->size);
        if (id == CCEL_ALG_SHA384)
            *ret = digest;
    }
    return ERR_OK;
}

enum err_code ccel_next(struct ccel *c, struct ccel_event *ret, bool *ret_more, struct err *e)
{
    struct ccel_event ev = {.offset = c->offset};

    if (c->ended || at_end(c)) {
        c->ended = true;
        *ret_more = false;
        return ERR_OK;
    }
    ev.index = rd_u32le(&c->r);
    ev.type = rd_u32le(&c->r);
    if (rd_ok(&c->r) && ev.index > CCEL_INDEX_MAX)
        return err_set(e, ERR_INVALID, "event log: register %u at %zu, expected 0 to %d", ev.index,
                       ev.offset, CCEL_INDEX_MAX);
    TRY(read_digests(c, rd_u32le(&c->r), &ev.digest, e));
    ev.data = rd_take(&c->r, rd_u32le(&c->r));
    if (!rd_ok(&c->r))
        return err_set(e, ERR_INVALID, "event log: truncated in the record at %zu", ev.offset);
    if (ev.digest.n == 0)
        return err_set(e, ERR_INVALID, "event log: no SHA-384 digest in the record at %zu",
                       ev.offset);
    c->offset = c->size - c->r.left;
    *ret = ev;
    *ret_more = true;
    return ERR_OK;
}

/* ---- the ACPI table ---- */

enum err_code ccel_table_parse(struct bytes table, struct ccel_table *ret, struct err *e)
{
    struct rd r = rd_of(table);
    struct ccel_table t;
    uint8_t sum = 0;

    if (table.n != CCEL_TABLE_LEN)
        return err_set(e, ERR_INVALID, "an ACPI table CCEL of %zu bytes, expected %d", table.n,
                       CCEL_TABLE_LEN);
    if (!bytes_eq(rd_take(&r, 4), bytes_of_str("CCEL")))
        return err_set(e, ERR_INVALID, "the ACPI table is not a CCEL");
    if (rd_u32le(&r) != CCEL_TABLE_LEN)
        return err_set(e, ERR_INVALID, "ACPI table CCEL: its length field is not %d",
                       CCEL_TABLE_LEN);
    for (size_t i = 0; i < table.n; i++)
        sum = (uint8_t)(sum + table.p[i]);
    if (sum != 0)
        return err_set(e, ERR_INVALID, "ACPI table CCEL: its checksum does not hold");
    r = rd_of((struct bytes){table.p + TABLE_AT_TYPE, table.n - TABLE_AT_TYPE});
    t.cc_type = rd_u8(&r);
    t.cc_subtype = rd_u8(&r);
    rd_u16le(&r); /* reserved */
    t.log_length = rd_u64le(&r);
    t.log_address = rd_u64le(&r);
    if (t.cc_type != CCEL_TYPE_TDX)
        return err_set(e, ERR_INVALID, "ACPI table CCEL: platform type %u, expected 2 (TDX)",
                       t.cc_type);
    *ret = t;
    return ERR_OK;
}
