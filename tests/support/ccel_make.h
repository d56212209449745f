/* ccel_make - event logs made record by record, right or wrong.  Room: tests. */
#pragma once
#include "support/dcap.h"
#include "attest/ccel_check.h"
#include "crypto/digest.h"

#define CCEL_VECTORS "ccel/"

/* The first record, declaring these algorithms with their sizes. */
static inline void make_header(struct buf *out, const struct ccel_alg *alg, uint32_t n)
{
    buf_put_u32le(out, 1);
    buf_put_u32le(out, EV_NO_ACTION);
    buf_put_zero(out, 20);
    buf_put_u32le(out, 29 + 4 * n);
    buf_put(out, BYTES("Spec ID Event03"));
    buf_put_zero(out, 5); /* platform class, minor */
    buf_put_u8(out, 2);
    buf_put_zero(out, 1);
    buf_put_u8(out, 2);
    buf_put_u32le(out, n);
    for (uint32_t i = 0; i < n; i++) {
        buf_put_u16le(out, alg[i].id);
        buf_put_u16le(out, alg[i].size);
    }
    buf_put_u8(out, 0);
}

static inline void make_begin(struct buf *out)
{
    static const struct ccel_alg sha384_alone = {CCEL_ALG_SHA384, 48};

    make_header(out, &sha384_alone, 1);
}

static inline void make_record(struct buf *out, uint32_t index, uint32_t type,
                               const uint8_t digest[static 48], struct bytes data)
{
    buf_put_u32le(out, index);
    buf_put_u32le(out, type);
    buf_put_u32le(out, 1);
    buf_put_u16le(out, CCEL_ALG_SHA384);
    buf_put(out, (struct bytes){digest, 48});
    buf_put_u32le(out, (uint32_t)data.n);
    buf_put(out, data);
}

/* With the digest of its data. */
static inline void make_event(struct buf *out, uint32_t index, uint32_t type, struct bytes data)
{
    uint8_t digest[48];

    sha384(data, digest);
    make_record(out, index, type, digest, data);
}

static inline void make_text(struct buf *out, uint32_t index, uint32_t type, const char *text)
{
    make_event(out, index, type, bytes_of_str(text));
}

static inline struct bytes ccel_vector(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, CCEL_VECTORS "%s", name);
    return dcap_file(path);
}

/* The event log of dstack's report, as text; the caller frees .p */
static inline struct bytes dstack_log(void)
{
    AUTO(json) report = vector_json(DCAP CCEL_VECTORS "dstack_quote_report.json");
    const char *text = jtext(report, "event_log");

    return (struct bytes){(uint8_t *)strdup(text), strlen(text)};
}
