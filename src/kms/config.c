#include "kms/config.h"

#include "base/rd.h"
#include "crypto/digest.h"

/* Hashed with its NUL. */
static const char config_domain[] = "teereg-config-v2";

enum tag {
    TAG_CHAIN_ID = 1,
    TAG_KMS = 2,
    TAG_VIEW_MODE = 3,
    TAG_ENDPOINTS = 4,
    TAG_QUORUM = 5,
    TAG_MIN_DELAY = 6,
    TAG_MAX_BLOCK_AGE = 7,
    TAG_LISTENERS = 10,
    TAG_COMPAT = 11,
};

#define QUORUM_DEFAULT 1

/* One node alone is believed in development builds only. */
#ifdef TEEREG_DEV_ROOTS
#define VIEW_MODE_FIRST KMS_VIEW_TRUSTED
#else
#define VIEW_MODE_FIRST KMS_VIEW_QUORUM
#endif

void kms_config_init(struct kms_config *c)
{
    *c = (struct kms_config){
        .quorum = QUORUM_DEFAULT,
        .max_block_age = KMS_MAX_BLOCK_AGE_DEFAULT,
        .policy = attest_policy_default,
    };
}

const char *kms_view_mode_name(enum kms_view_mode m)
{
    switch (m) {
#ifdef TEEREG_DEV_ROOTS
    case KMS_VIEW_TRUSTED:
        return "trusted";
#endif
    case KMS_VIEW_QUORUM:
        return "quorum";
    case KMS_VIEW_VERIFIED:
        return "verified";
    default:
        return "unknown";
    }
}

static enum err_code check_url(const char *url, struct err *e)
{
    size_t n = strlen(url);

    if (n == 0 || n > KMS_ENDPOINT_URL_MAX)
        return err_set(e, ERR_INVALID, "an endpoint's URL has 1 to %d bytes, not %zu",
                       KMS_ENDPOINT_URL_MAX, n);
    for (size_t i = 0; i < n; i++)
        if (url[i] <= ' ' || url[i] > '~')
            return err_set(e, ERR_INVALID, "an endpoint's URL is printable ASCII without spaces");
    return ERR_OK;
}

enum err_code kms_config_add_endpoint(struct kms_config *c, const char *url,
                                      const struct hash32 *ca_keys, size_t n_ca_keys, struct err *e)
{
    size_t at = c->n_endpoints;

    TRY(check_url(url, e));
    if (c->n_endpoints == KMS_ENDPOINTS_MAX || n_ca_keys > KMS_ENDPOINT_KEYS_MAX)
        return err_set(e, ERR_TOO_LARGE, "at most %d endpoints with %d CA keys each",
                       KMS_ENDPOINTS_MAX, KMS_ENDPOINT_KEYS_MAX);
    while (at > 0 && strcmp(c->endpoints[at - 1].url, url) > 0)
        at--;
    if (at > 0 && strcmp(c->endpoints[at - 1].url, url) == 0)
        return err_set(e, ERR_INVALID, "two endpoints of one URL");
    memmove(&c->endpoints[at + 1], &c->endpoints[at], (c->n_endpoints - at) * sizeof *c->endpoints);
    c->endpoints[at] = (struct kms_endpoint){.n_ca_keys = n_ca_keys};
    memcpy(c->endpoints[at].url, url, strlen(url) + 1);
    for (size_t i = 0; i < n_ca_keys; i++)
        c->endpoints[at].ca_keys[i] = ca_keys[i];
    c->n_endpoints++;
    return ERR_OK;
}

/* What both directions demand of the whole. */
static enum err_code check(const struct kms_config *c, struct err *e)
{
    if (c->chain_id == 0 || addr_is_zero(&c->kms))
        return err_set(e, ERR_INVALID, "a configuration names its chain and its KMS contract");
    if (c->view_mode < VIEW_MODE_FIRST || c->view_mode > KMS_VIEW_VERIFIED)
        return err_set(e, ERR_INVALID, "chain view mode %u does not exist", (unsigned)c->view_mode);
    if (c->n_endpoints == 0 || c->n_endpoints > KMS_ENDPOINTS_MAX)
        return err_set(e, ERR_INVALID, "%zu chain endpoints; from 1 to %d are possible",
                       c->n_endpoints, KMS_ENDPOINTS_MAX);
    if (c->quorum == 0 || c->quorum > c->n_endpoints)
        return err_set(e, ERR_INVALID, "a quorum of %u of %zu endpoints cannot be", c->quorum,
                       c->n_endpoints);
    if (c->view_mode == KMS_VIEW_QUORUM && 2u * c->quorum <= c->n_endpoints)
        return err_set(e, ERR_INVALID,
                       "a quorum of %u of %zu endpoints is no majority: at least %zu are needed",
                       c->quorum, c->n_endpoints, c->n_endpoints / 2 + 1);
    if (c->max_block_age == 0)
        return err_set(e, ERR_INVALID, "no block is 0 s old: the maximum age cannot be 0");
    if ((c->listeners & ~(uint32_t)KMS_LISTEN_ALL) || (c->compat & ~(uint32_t)KMS_COMPAT_ALL))
        return err_set(e, ERR_INVALID, "switches that do not exist: listeners 0x%x, compat 0x%x",
                       c->listeners, c->compat);
    for (size_t i = 0; i < c->n_endpoints; i++) {
        TRY(check_url(c->endpoints[i].url, e));
        if (c->endpoints[i].n_ca_keys > KMS_ENDPOINT_KEYS_MAX)
            return err_set(e, ERR_INVALID, "too many CA keys");
        if (i > 0 && strcmp(c->endpoints[i - 1].url, c->endpoints[i].url) >= 0)
            return err_set(e, ERR_INVALID, "endpoints are not ascending by URL");
    }
    return ERR_OK;
}

/* ---- the TLVs, each field's encode beside its decode ---- */

static void put_tlv(struct buf *out, enum tag tag, struct bytes value)
{
    buf_put_u16be(out, (uint16_t)tag);
    buf_put_lp(out, value);
}

static void put_u32(struct buf *out, enum tag tag, uint32_t v, uint32_t otherwise)
{
    if (v == otherwise)
        return;
    buf_put_u16be(out, (uint16_t)tag);
    buf_put_u32be(out, sizeof v);
    buf_put_u32be(out, v);
}

static void put_endpoints(struct buf *out, const struct kms_config *c)
{
    struct buf v AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);

    buf_put_u16be(&v, (uint16_t)c->n_endpoints);
    for (size_t i = 0; i < c->n_endpoints; i++) {
        const struct kms_endpoint *p = &c->endpoints[i];

        buf_put_lp(&v, bytes_of_str(p->url));
        buf_put_u16be(&v, (uint16_t)p->n_ca_keys);
        for (size_t k = 0; k < p->n_ca_keys; k++)
            buf_put(&v, BYTES_OF(p->ca_keys[k]));
    }
    put_tlv(out, TAG_ENDPOINTS, buf_bytes(&v));
}

static enum err_code read_endpoints(struct rd *r, struct kms_config *c, struct err *e)
{
    size_t n = rd_u16be(r);

    for (size_t i = 0; i < n && rd_ok(r); i++) {
        struct bytes url = rd_lp(r, KMS_ENDPOINT_URL_MAX);
        size_t keys = rd_u16be(r);
        char text[KMS_ENDPOINT_URL_MAX + 1] = {0};
        struct hash32 ca_keys[KMS_ENDPOINT_KEYS_MAX] = {0};

        if (keys > KMS_ENDPOINT_KEYS_MAX || memchr(url.n ? (const char *)url.p : "", 0, url.n))
            return err_set(e, ERR_INVALID, "endpoint %zu: a NUL in its URL, or %zu CA keys", i,
                           keys);
        if (url.n)
            memcpy(text, url.p, url.n);
        for (size_t k = 0; k < keys; k++)
            rd_copy(r, ca_keys[k].b, sizeof ca_keys[k].b);
        if (!rd_ok(r))
            break;
        TRY(kms_config_add_endpoint(c, text, ca_keys, keys, e));
        if (strcmp(c->endpoints[i].url, text) != 0)
            return err_set(e, ERR_INVALID, "endpoints are not ascending by URL");
    }
    return ERR_OK;
}

enum err_code kms_config_encode(const struct kms_config *c, struct buf *ret, struct err *e)
{
    TRY(check(c, e));
    buf_put_u16be(ret, TAG_CHAIN_ID);
    buf_put_u32be(ret, sizeof c->chain_id);
    buf_put_u64be(ret, c->chain_id);
    put_tlv(ret, TAG_KMS, BYTES_OF(c->kms));
    put_tlv(ret, TAG_VIEW_MODE, (struct bytes){&(uint8_t){(uint8_t)c->view_mode}, 1});
    put_endpoints(ret, c);
    if (c->quorum != QUORUM_DEFAULT) {
        buf_put_u16be(ret, TAG_QUORUM);
        buf_put_u32be(ret, sizeof c->quorum);
        buf_put_u16be(ret, c->quorum);
    }
    put_u32(ret, TAG_MIN_DELAY, c->min_delay, 0);
    put_u32(ret, TAG_MAX_BLOCK_AGE, c->max_block_age, KMS_MAX_BLOCK_AGE_DEFAULT);
    attest_policy_put(&c->policy, POLICY_TAG_TD, TAG_LISTENERS - 1, ret);
    put_u32(ret, TAG_LISTENERS, c->listeners, 0);
    put_u32(ret, TAG_COMPAT, c->compat, 0);
    attest_policy_put(&c->policy, TAG_COMPAT + 1, POLICY_TAG_LAST, ret);
    return buf_check(ret, e);
}

static enum err_code read_field(struct kms_config *c, unsigned tag, struct rd *r, struct err *e)
{
    if (attest_policy_has_tag(tag))
        return attest_policy_read(&c->policy, tag, rd_take(r, r->left), e);
    switch (tag) {
    case TAG_CHAIN_ID:
        c->chain_id = rd_u64be(r);
        break;
    case TAG_KMS:
        rd_copy(r, c->kms.b, sizeof c->kms.b);
        break;
    case TAG_VIEW_MODE:
        c->view_mode = (enum kms_view_mode)rd_u8(r);
        break;
    case TAG_ENDPOINTS:
        TRY(read_endpoints(r, c, e));
        break;
    case TAG_QUORUM:
        c->quorum = rd_u16be(r);
        break;
    case TAG_MIN_DELAY:
        c->min_delay = rd_u32be(r);
        break;
    case TAG_MAX_BLOCK_AGE:
        c->max_block_age = rd_u32be(r);
        break;
    case TAG_LISTENERS:
        c->listeners = rd_u32be(r);
        break;
    case TAG_COMPAT:
        c->compat = rd_u32be(r);
        break;
    default:
        return err_set(e, ERR_INVALID, "a field with tag %u, which this version does not know",
                       tag);
    }
    if (!rd_end(r))
        return err_set(e, ERR_INVALID, "the field with tag %u has a wrong length", tag);
    return ERR_OK;
}

enum err_code kms_config_decode(struct bytes tlvs, struct kms_config *ret, struct err *e)
{
    struct buf again AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
    struct kms_config c;
    struct rd r = rd_of(tlvs);
    unsigned last = 0;

    kms_config_init(&c);
    if (tlvs.n > KMS_CONFIG_MAX)
        return err_set(e, ERR_TOO_LARGE, "a configuration of %zu bytes: at most %d", tlvs.n,
                       KMS_CONFIG_MAX);
    while (rd_ok(&r) && r.left > 0) {
        unsigned tag = rd_u16be(&r);
        struct rd value = rd_of(rd_lp(&r, KMS_CONFIG_MAX));

        if (!rd_ok(&r))
            break;
        if (tag <= last)
            return err_set(e, ERR_INVALID, "tag %u after tag %u: tags ascend", tag, last);
        last = tag;
        TRY(read_field(&c, tag, &value, e));
    }
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "the configuration ends within a field");
    TRY(check(&c, e));
    /* A default that was written out would give one configuration two hashes. */
    TRY(kms_config_encode(&c, &again, e));
    if (!bytes_eq(buf_bytes(&again), tlvs))
        return err_set(e, ERR_INVALID, "a field is written out though it has its default");
    *ret = c;
    return ERR_OK;
}

enum err_code kms_config_hash(const struct kms_config *c, struct hash32 *ret, struct err *e)
{
    struct buf tlvs AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);

    TRY(kms_config_encode(c, &tlvs, e));
    SHA256_OF(ret, BYTES(config_domain), buf_bytes(&tlvs));
    return ERR_OK;
}

enum err_code kms_config_policy_hash(const struct kms_config *c, struct hash32 *ret, struct err *e)
{
    return attest_policy_hash(&c->policy, ret, e);
}
