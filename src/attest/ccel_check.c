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
    enum attest_fault refuses; /* FAULT_NONE: a remark */
} faults[] = {
    [CCEL_BAD_SEPARATOR] = {"BAD_SEPARATOR",
                            "an EV_SEPARATOR that is neither 00000000 nor ffffffff: the firmware "
                            "met an error",
                            FAULT_BAD_SEPARATOR},
    [CCEL_DIGEST_MISMATCH] = {"DIGEST_MISMATCH", "the digest is not of the data that is shown",
                              FAULT_EVENT_DIGEST},
    [CCEL_AMBIGUOUS_NAME] = {"AMBIGUOUS_NAME",
                             "the name has a \":\", so the digest fits other names too",
                             FAULT_EVENT_NAME},
    [CCEL_DUPLICATE_SEPARATOR] = {"DUPLICATE_SEPARATOR", "not the first EV_SEPARATOR there",
                                  FAULT_NONE},
    [CCEL_MRTD_EVENT] = {"MRTD_EVENT", "nothing extends MRTD after launch: this proves nothing",
                         FAULT_NONE},
    [CCEL_NOT_PADDING] = {"NOT_PADDING", "what follows the end of the log is no padding",
                          FAULT_NONE},
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
    return faults[f].refuses != FAULT_NONE;
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
    bool refusals_alone;
};

static void found(struct findings *to, enum ccel_fault fault, size_t event)
{
    if (to->refusals_alone && !ccel_fault_refuses(fault))
        return;
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

static void collect(const struct ccel_log *log, struct findings *to)
{
    bool seen[CCEL_INDEX_MAX + 1] = {false};

    for (size_t i = 0; i < log->n; i++) {
        const struct ccel_entry *ev = &log->entry[i];

        if (ev->type == EV_NO_ACTION)
            continue;
        if (ev->index == 0)
            found(to, CCEL_MRTD_EVENT, i);
        if (ev->type == EV_SEPARATOR)
            judge_separator(log, i, seen, to);
        if (ccel_digest_check(ev) == CCEL_DIGEST_DIFFERS)
            found(to, CCEL_DIGEST_MISMATCH, i);
        if (ev->type == EV_DSTACK_RUNTIME && !ev->v2 && ev->name.n > 0 &&
            memchr(ev->name.p, ':', ev->name.n))
            found(to, CCEL_AMBIGUOUS_NAME, i);
    }
    if (log->not_padding)
        found(to, CCEL_NOT_PADDING, CCEL_NOT_AN_EVENT);
}

size_t ccel_log_findings(const struct ccel_log *log, struct ccel_finding *ret, size_t max)
{
    struct findings all = {.at = ret, .max = max};

    collect(log, &all);
    return all.n;
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

static const char *said(struct buf *text)
{
    return text->bad ? "" : buf_cstr(text);
}

static enum err_code refuse(const struct ccel_log *log, const struct ccel_finding *f,
                            enum attest_fault *fault, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(512);

    ccel_finding_text(log, f, &text);
    return attest_fail(fault, e, faults[f->fault].refuses, "%s", said(&text));
}

/* With the first thing that is odd in the log: it may be why. */
static enum err_code refuse_registers(const struct ccel_log *log, const bool same[CCEL_RTMRS],
                                      enum attest_fault *fault, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(512);
    struct ccel_finding f;

    if (ccel_log_findings(log, &f, 1) > 0) {
        buf_printf(&text, "; %s: ", ccel_fault_name(f.fault));
        ccel_finding_text(log, &f, &text);
    }
    return attest_fail(fault, e, FAULT_RTMR_MISMATCH,
                       "the event log gives%s%s%s%s of another machine or boot%s",
                       same[0] ? "" : " RTMR0", same[1] ? "" : " RTMR1", same[2] ? "" : " RTMR2",
                       same[3] ? "" : " RTMR3", said(&text));
}

enum err_code ccel_log_verify(const struct ccel_log *log, const uint8_t rtmr[static CCEL_RTMRS][48],
                              enum attest_fault *fault, struct err *e)
{
    struct ccel_finding first;
    struct findings refusals = {.at = &first, .max = 1, .refusals_alone = true};
    struct ccel_replay replay;
    bool same[CCEL_RTMRS];

    ccel_log_replay(log, &replay);
    if (!ccel_replay_matches(&replay, rtmr, same))
        return refuse_registers(log, same, fault, e);
    collect(log, &refusals);
    return refusals.n > 0 ? refuse(log, &first, fault, e) : ERR_OK;
}

enum err_code ccel_verify(struct bytes log, const uint8_t rtmr[static CCEL_RTMRS][48],
                          enum attest_fault *fault, struct err *e)
{
    struct ccel_log read AUTO_CALL(ccel_log_done) = {0};
    struct err why;

    if (ccel_log_read(log, &read, &why) != ERR_OK)
        return attest_fail(fault, e, why.code == ERR_NOMEM ? FAULT_INTERNAL : FAULT_EVENT_LOG, "%s",
                           why.msg);
    return ccel_log_verify(&read, rtmr, fault, e);
}
