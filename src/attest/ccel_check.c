#include "attest/ccel_check.h"

#include "attest/ccel_variable.h"
#include "crypto/digest.h"

static const char *const digest_names[] = {
    [CCEL_DIGEST_UNDEFINED] = "not defined",
    [CCEL_DIGEST_MATCHES] = "matches",
    [CCEL_DIGEST_PART] = "matches in part",
    [CCEL_DIGEST_DIFFERS] = "differs",
};

static const struct {
    const char *name, *text;
    bool refuses;
} faults[] = {
    [CCEL_DUPLICATE_SEPARATOR] = {"DUPLICATE_SEPARATOR", "a second EV_SEPARATOR", true},
    [CCEL_BAD_SEPARATOR] = {"BAD_SEPARATOR",
                            "an EV_SEPARATOR that is neither 00000000 nor ffffffff: the firmware "
                            "met an error",
                            true},
    [CCEL_DIGEST_MISMATCH] = {"DIGEST_MISMATCH", "the digest is not of the data that is shown",
                              true},
    [CCEL_AMBIGUOUS_NAME] = {"AMBIGUOUS_NAME",
                             "the name has a \":\", so the digest fits other names too", true},
    [CCEL_MRTD_EVENT] = {"MRTD_EVENT", "nothing extends MRTD after launch: this proves nothing",
                         false},
    [CCEL_NOT_PADDING] = {"NOT_PADDING", "what follows the end of the log is no padding", false},
};

const char *ccel_digest_name(enum ccel_digest d)
{
    return digest_names[d];
}

const char *ccel_fault_name(enum ccel_fault f)
{
    return faults[f].name;
}

bool ccel_fault_refuses(enum ccel_fault f)
{
    return faults[f].refuses;
}

/* ---- one event ---- */

static bool is_digest_of(const struct ccel_entry *ev, struct bytes data)
{
    uint8_t digest[48];

    sha384(data, digest);
    return bytes_eq(BYTES(digest), BYTES(ev->digest));
}

bool ccel_digest_is_of_data(const struct ccel_entry *ev)
{
    return is_digest_of(ev, ev->data);
}

static bool is_dstack_digest(const struct ccel_entry *ev)
{
    struct buf pre AUTO_CALL(buf_done) = BUF(CCEL_JSON_MAX + 4096);
    struct err ignored;

    ccel_dstack_preimage(ev, ev->v2, &pre);
    return buf_check(&pre, &ignored) == ERR_OK && is_digest_of(ev, buf_bytes(&pre));
}

static bool is_digest_of_value(const struct ccel_entry *ev)
{
    struct ccel_variable v;
    struct err ignored;

    return ccel_variable_parse(ev->data, &v, &ignored) == ERR_OK && is_digest_of(ev, v.value);
}

/* Bootloaders write "grub_cmd: TEXT\0" and "kernel_cmdline: TEXT\0" and hash the text alone. */
static bool is_digest_of_text(const struct ccel_entry *ev)
{
    struct bytes d = ev->data;

    if (d.n > 0 && d.p[d.n - 1] == 0)
        d.n--;
    for (size_t i = 0; i + 1 < d.n; i++)
        if (d.p[i] == ':' && d.p[i + 1] == ' ')
            return is_digest_of(ev, (struct bytes){d.p + i + 2, d.n - i - 2}) ||
                   is_digest_of(ev, (struct bytes){d.p + i + 2, ev->data.n - i - 2});
    return false;
}

enum ccel_digest ccel_digest_check(const struct ccel_entry *ev)
{
    if (ev->no_data || ev->type == EV_NO_ACTION || ccel_type_is_image(ev->type))
        return CCEL_DIGEST_UNDEFINED;
    if (ev->type == EV_DSTACK_RUNTIME && ev->name.p)
        return is_dstack_digest(ev) ? CCEL_DIGEST_MATCHES : CCEL_DIGEST_DIFFERS;
    if (ccel_digest_is_of_data(ev))
        return CCEL_DIGEST_MATCHES;
    if (ev->type == EV_EFI_VARIABLE_BOOT && is_digest_of_value(ev))
        return CCEL_DIGEST_PART;
    if (ev->type == EV_IPL && is_digest_of_text(ev))
        return CCEL_DIGEST_PART;
    if (ccel_type_is_variable(ev->type) || ev->type == EV_EFI_ACTION || ev->type == EV_SEPARATOR)
        return CCEL_DIGEST_DIFFERS;
    return CCEL_DIGEST_UNDEFINED;
}

/* ---- a log ---- */

struct findings {
    struct ccel_finding *at;
    size_t n, max;
};

static void found(struct findings *to, enum ccel_fault fault, size_t event)
{
    if (to->n < to->max)
        to->at[to->n] = (struct ccel_finding){fault, event};
    to->n++;
}

static bool is_separator_data(struct bytes data)
{
    static const uint8_t ok[4] = {0}, also_ok[4] = {0xff, 0xff, 0xff, 0xff};

    return bytes_eq(data, BYTES(ok)) || bytes_eq(data, BYTES(also_ok));
}

static void judge_separator(const struct ccel_log *log, size_t i, bool seen[], struct findings *to)
{
    const struct ccel_entry *ev = &log->entry[i];

    if (seen[ev->index])
        found(to, CCEL_DUPLICATE_SEPARATOR, i);
    seen[ev->index] = true;
    if (!ev->no_data && !is_separator_data(ev->data))
        found(to, CCEL_BAD_SEPARATOR, i);
}

size_t ccel_log_findings(const struct ccel_log *log, struct ccel_finding *ret, size_t max)
{
    bool seen[CCEL_INDEX_MAX + 1] = {false};
    struct findings to = {.at = ret, .max = max};

    for (size_t i = 0; i < log->n; i++) {
        const struct ccel_entry *ev = &log->entry[i];

        if (ev->type == EV_NO_ACTION)
            continue;
        if (ev->index == 0)
            found(&to, CCEL_MRTD_EVENT, i);
        if (ev->type == EV_SEPARATOR)
            judge_separator(log, i, seen, &to);
        if (ccel_digest_check(ev) == CCEL_DIGEST_DIFFERS)
            found(&to, CCEL_DIGEST_MISMATCH, i);
        if (ev->type == EV_DSTACK_RUNTIME && !ev->v2 && ev->name.n > 0 &&
            memchr(ev->name.p, ':', ev->name.n))
            found(&to, CCEL_AMBIGUOUS_NAME, i);
    }
    if (log->not_padding)
        found(&to, CCEL_NOT_PADDING, CCEL_NOT_AN_EVENT);
    return to.n;
}

void ccel_finding_text(const struct ccel_log *log, const struct ccel_finding *f, struct buf *ret)
{
    if (f->event != CCEL_NOT_AN_EVENT) {
        uint32_t index = log->entry[f->event].index;

        buf_printf(ret, "event %zu (", f->event + 1);
        if (index == 0)
            buf_put_str(ret, "MRTD");
        else
            buf_printf(ret, "RTMR%u", index - 1);
        buf_put_str(ret, "): ");
    }
    buf_put_str(ret, faults[f->fault].text);
}

static enum err_code refuse(const struct ccel_log *log, const struct ccel_finding *f, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(512);

    ccel_finding_text(log, f, &text);
    return err_set(e, ERR_VERIFY, "%s: %s", ccel_fault_name(f->fault), buf_cstr(&text));
}

enum err_code ccel_log_verify(const struct ccel_log *log, const uint8_t rtmr[static CCEL_RTMRS][48],
                              struct err *e)
{
    struct ccel_finding
        all[64]; /* those behind these do not change the answer, but for a refusal */
    struct ccel_replay replay;
    bool same[CCEL_RTMRS];
    size_t n;

    ccel_log_replay(log, &replay);
    if (!ccel_replay_matches(&replay, rtmr, same))
        return err_set(e, ERR_VERIFY,
                       "RTMR_MISMATCH: the event log gives%s%s%s%s of another machine or boot",
                       same[0] ? "" : " RTMR0", same[1] ? "" : " RTMR1", same[2] ? "" : " RTMR2",
                       same[3] ? "" : " RTMR3");
    n = ccel_log_findings(log, all, 64);
    for (size_t i = 0; i < n && i < 64; i++)
        if (ccel_fault_refuses(all[i].fault))
            return refuse(log, &all[i], e);
    if (n > 64)
        return err_set(e, ERR_VERIFY, "the event log has %zu findings; too many to judge", n);
    return ERR_OK;
}
