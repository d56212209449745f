#include "instance/anchors.h"
#include "base/buf.h"
#include "crypto/digest.h"

enum tag {
    TAG_CHAIN_ID = 1,
    TAG_KMS = 2,
    TAG_VIEW_MODE = 3,
    TAG_ENDPOINTS = 4,
    TAG_QUORUM = 5,
    TAG_MIN_DELAY = 6,
    TAG_APP = 64
};

/* 1, 2, 3; the first is a development build's. */
#ifdef TEEREG_DEV_ROOTS
static const char *const modes[] = {"trusted", "quorum", "verified"};
#else
static const char *const modes[] = {"", "quorum", "verified"};
#endif

static void put_tag(struct buf *out, enum tag tag, struct bytes value)
{
    buf_put_u16be(out, (uint16_t)tag);
    buf_put_lp(out, value);
}

enum err_code instance_anchors_hash(const struct instance_anchors *a, struct hash32 *ret,
                                    struct err *e)
{
    struct buf tlvs AUTO_CALL(buf_done) = BUF(32768), value AUTO_CALL(buf_done) = BUF(16384);
    uint8_t mode = 0;

    while (mode < 3 && strcmp(modes[mode], a->view_mode) != 0)
        mode++;
    if (mode++ == 3)
        return err_set(e, ERR_INVALID, "no chain view is called \"%s\"", a->view_mode);
    buf_put_u64be(&value, a->chain_id);
    put_tag(&tlvs, TAG_CHAIN_ID, buf_bytes(&value));
    put_tag(&tlvs, TAG_KMS, BYTES_OF(a->kms));
    put_tag(&tlvs, TAG_VIEW_MODE, (struct bytes){&mode, 1});
    buf_clear(&value);
    buf_put_u16be(&value, (uint16_t)a->n_endpoints);
    for (size_t i = 0; i < a->n_endpoints; i++) {
        buf_put_lp(&value, bytes_of_str(a->endpoint[i]));
        buf_put_u16be(&value, (uint16_t)a->n_ca_keys);
        for (size_t k = 0; k < a->n_ca_keys; k++)
            buf_put(&value, BYTES_OF(a->ca_key[k]));
    }
    put_tag(&tlvs, TAG_ENDPOINTS, buf_bytes(&value));
    if (a->quorum != 1) { /* defaults are left out */
        buf_clear(&value);
        buf_put_u16be(&value, a->quorum);
        put_tag(&tlvs, TAG_QUORUM, buf_bytes(&value));
    }
    if (a->min_delay != 0) {
        buf_clear(&value);
        buf_put_u32be(&value, a->min_delay);
        put_tag(&tlvs, TAG_MIN_DELAY, buf_bytes(&value));
    }
    put_tag(&tlvs, TAG_APP, BYTES_OF(a->app));
    TRY(buf_check(&value, e));
    TRY(buf_check(&tlvs, e));
    SHA256_OF(ret, BYTES("teereg-config-v2"), buf_bytes(&tlvs));
    return ERR_OK;
}
