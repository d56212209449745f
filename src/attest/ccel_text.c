#include "attest/ccel_text.h"

#include "attest/ccel_path.h"
#include "attest/ccel_variable.h"

#define SHOWN_HEX   32 /* bytes of a value that are shown in hex */
#define GPT_HEADER  92
#define GPT_GUID_AT 56
#define GPT_ENTRY   128
#define GPT_NAME_AT 56
#define GPT_SHOWN   32

const char *ccel_register_name(uint32_t index)
{
    static const char *const names[CCEL_INDEX_MAX + 1] = {"MRTD", "RTMR0", "RTMR1", "RTMR2",
                                                          "RTMR3"};

    return index <= CCEL_INDEX_MAX ? names[index] : "none";
}

void ccel_put_type(struct buf *out, uint32_t type)
{
    const char *name = ccel_type_name(type);

    if (name)
        buf_put_str(out, name);
    else
        buf_printf(out, "0x%08x", type);
}

/* ---- plain text ---- */

static bool is_text(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if ((b.p[i] < 0x20 && b.p[i] != '\n' && b.p[i] != '\t') || b.p[i] >= 0x7f)
            return false;
    return b.n > 0;
}

/* Up to the first NUL: what is behind it is what lay in a buffer. */
static struct bytes before_nul(struct bytes b)
{
    const uint8_t *nul = b.n ? memchr(b.p, 0, b.n) : NULL;

    return nul ? (struct bytes){b.p, (size_t)(nul - b.p)} : b;
}

static void put_loose(struct buf *out, struct bytes data)
{
    struct bytes text = before_nul(data);

    if (text.n > 1 ? is_text(text) : text.n == data.n && is_text(text))
        ccel_put_utf8(out, text);
    else if (data.n >= 4 && data.n % 2 == 0 && is_text((struct bytes){data.p, 1}) &&
             data.p[1] == 0 && is_text((struct bytes){data.p + 2, 1}) && data.p[3] == 0)
        ccel_put_utf16(out, data);
    else
        ccel_put_hex(out, data, SHOWN_HEX);
}

/* ---- variables ---- */

static void put_boot_order(struct buf *out, struct bytes value)
{
    struct rd r = rd_of(value);

    for (const char *comma = ""; r.left >= 2; comma = ",")
        buf_printf(out, "%s%04X", comma, rd_u16le(&r));
}

/* EFI_LOAD_OPTION: u32 attributes | u16 bytes of paths | description, UTF-16 with NUL | paths |
 * data
 */
static bool put_load_option(struct buf *out, struct bytes value)
{
    struct rd r = rd_of(value);
    uint16_t paths;
    struct bytes text;
    size_t n = 0;

    rd_u32le(&r);
    paths = rd_u16le(&r);
    if (!rd_ok(&r))
        return false;
    while (n + 1 < r.left && (r.p[n] || r.p[n + 1]))
        n += 2;
    text = rd_take(&r, n);
    rd_u16le(&r);
    value = rd_take(&r, paths);
    if (!rd_ok(&r))
        return false;
    buf_put_u8(out, '"');
    ccel_put_utf16(out, text);
    buf_put_str(out, "\" ");
    ccel_put_path(out, value);
    return true;
}

static bool is_named(struct bytes utf16, const char *ascii)
{
    size_t n = strlen(ascii);

    if (utf16.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (utf16.p[2 * i] != (uint8_t)ascii[i] || utf16.p[2 * i + 1] != 0)
            return false;
    return true;
}

/* Boot and four hex digits. */
static bool is_load_option(struct bytes utf16)
{
    struct bytes word = {utf16.p, 8};

    if (utf16.n != 16 || !is_named(word, "Boot"))
        return false;
    for (size_t i = 8; i < 16; i += 2)
        if (!strchr("0123456789ABCDEF", utf16.p[i]) || utf16.p[i] == 0 || utf16.p[i + 1] != 0)
            return false;
    return true;
}

static void put_value(struct buf *out, const struct ccel_variable *v)
{
    struct bytes text = before_nul(v->value);

    if (v->value.n == 0)
        buf_put_str(out, "(empty)");
    else if (is_named(v->name, "BootOrder"))
        put_boot_order(out, v->value);
    else if (is_load_option(v->name) && put_load_option(out, v->value))
        return;
    else if (text.n > 3 && is_text(text))
        ccel_put_utf8(out, text);
    else
        ccel_put_hex(out, v->value, SHOWN_HEX);
    if (v->value.n > SHOWN_HEX)
        buf_printf(out, " (%zu bytes)", v->value.n);
}

static bool put_variable(struct buf *out, struct bytes data, bool with_value)
{
    struct ccel_variable v;
    struct err ignored;

    if (ccel_variable_parse(data, &v, &ignored) != ERR_OK)
        return false;
    ccel_put_utf16(out, v.name);
    buf_put_str(out, " {");
    ccel_put_guid(out, v.guid);
    buf_put_str(out, "}");
    if (with_value) {
        buf_put_str(out, " = ");
        put_value(out, &v);
    }
    return true;
}

/* ---- images, tables, disks ---- */

/* UEFI_IMAGE_LOAD_EVENT: u64 address, length, link address, bytes of the path | path */
static bool put_image(struct buf *out, struct bytes data, bool with_size)
{
    struct rd r = rd_of(data);
    uint64_t size;
    struct bytes path;

    rd_u64le(&r);
    size = rd_u64le(&r);
    rd_u64le(&r);
    path = rd_take(&r, rd_u64le(&r));
    if (!rd_ok(&r))
        return false;
    buf_put_str(out, "image ");
    if (path.n)
        ccel_put_path(out, path);
    else
        buf_put_str(out, "without a path");
    if (with_size)
        buf_printf(out, ", %llu bytes", (unsigned long long)size);
    return true;
}

/* BLOB2: u8, description | u64 address, length.  HANDOFF_TABLES2: u8, description | u64 n | tables
 */
static bool put_named_blob(struct buf *out, uint32_t type, struct bytes data, bool whole)
{
    struct rd r = rd_of(data);
    struct bytes text = rd_take(&r, rd_u8(&r));
    uint64_t first = rd_u64le(&r);

    if (!rd_ok(&r))
        return false;
    ccel_put_utf8(out, before_nul(text));
    if (!whole)
        return true;
    if (type == EV_EFI_HANDOFF_TABLES2)
        buf_printf(out, ", %llu table%s", (unsigned long long)first, first == 1 ? "" : "s");
    else
        buf_printf(out, " at 0x%llx, %llu bytes", (unsigned long long)first,
                   (unsigned long long)rd_u64le(&r));
    return true;
}

/* UEFI_GPT_DATA: header[92] | u64 partitions | entries of 128 */
static bool put_gpt(struct buf *out, struct bytes data)
{
    struct rd r = rd_of(data);
    struct bytes header = rd_take(&r, GPT_HEADER);
    uint64_t n = rd_u64le(&r);

    if (!rd_ok(&r) || n > r.left / GPT_ENTRY)
        return false;
    buf_put_str(out, "disk ");
    ccel_put_guid(out, (struct bytes){header.p + GPT_GUID_AT, 16});
    buf_printf(out, ", %llu partition%s", (unsigned long long)n, n == 1 ? "" : "s");
    for (uint64_t i = 0; i < n && i < GPT_SHOWN; i++) {
        struct bytes entry = rd_take(&r, GPT_ENTRY);

        buf_put_str(out, i == 0 ? ": \"" : ", \"");
        ccel_put_utf16(out, (struct bytes){entry.p + GPT_NAME_AT, GPT_ENTRY - GPT_NAME_AT});
        buf_put_u8(out, '"');
    }
    return true;
}

/* attest/rtmr.h */
static bool put_rtmr3(struct buf *out, struct bytes data)
{
    static const char domain[] = "teereg-rtmr3-v2"; /* with its NUL */

    if (data.n != sizeof domain + 32 || memcmp(data.p, domain, sizeof domain) != 0)
        return false;
    buf_put_str(out, "teereg configuration ");
    ccel_put_hex(out, (struct bytes){data.p + sizeof domain, 32}, 32);
    return true;
}

/* u32 id | u32 size | data */
static bool put_tagged(struct buf *out, struct bytes data, bool whole)
{
    struct rd r = rd_of(data);
    uint32_t id = rd_u32le(&r);
    struct bytes text = rd_take(&r, rd_u32le(&r));

    if (!rd_ok(&r))
        return false;
    buf_printf(out, "tag %08x", id);
    if (whole) {
        buf_put_str(out, ": ");
        put_loose(out, text);
    }
    return true;
}

/* ---- events ---- */

static void put_dstack(struct buf *out, const struct ccel_entry *ev, bool whole)
{
    buf_put_str(out, "dstack event \"");
    ccel_put_utf8(out, ev->name);
    buf_put_u8(out, '"');
    if (!whole)
        return;
    buf_put_str(out, " = ");
    if (ev->data.n == 0)
        buf_put_str(out, "(empty)");
    else if (is_text(ev->data))
        ccel_put_utf8(out, ev->data);
    else
        ccel_put_hex(out, ev->data, 64);
}

static bool put_by_type(struct buf *out, const struct ccel_entry *ev, bool whole)
{
    if (ev->type == EV_DSTACK_RUNTIME && ev->name.p) {
        put_dstack(out, ev, whole);
        return true;
    }
    if (ccel_type_is_variable(ev->type))
        return put_variable(out, ev->data, whole);
    switch (ev->type) {
    case EV_EFI_BOOT_SERVICES_APPLICATION:
    case EV_EFI_BOOT_SERVICES_DRIVER:
    case EV_EFI_RUNTIME_SERVICES_DRIVER:
        return put_image(out, ev->data, whole);
    case EV_EFI_HANDOFF_TABLES2:
    case EV_EFI_PLATFORM_FIRMWARE_BLOB2:
        return put_named_blob(out, ev->type, ev->data, whole);
    case EV_EFI_GPT_EVENT:
        return whole && put_gpt(out, ev->data);
    case EV_EVENT_TAG:
        return (whole && put_rtmr3(out, ev->data)) || put_tagged(out, ev->data, whole);
    default:
        return false;
    }
}

void ccel_describe(const struct ccel_entry *ev, struct buf *ret)
{
    if (ev->type != EV_DSTACK_RUNTIME && ev->name.n > 0) {
        ccel_put_utf8(ret, ev->name);
        buf_put_str(ret, ": ");
    }
    if (ev->no_data)
        buf_put_str(ret, "(left out)");
    else if (!put_by_type(ret, ev, true))
        put_loose(ret, ev->data);
}

void ccel_subject(const struct ccel_entry *ev, struct buf *ret)
{
    struct bytes text = before_nul(ev->data);

    if (ev->type != EV_DSTACK_RUNTIME)
        ccel_put_utf8(ret, ev->name);
    if (put_by_type(ret, ev, false) || ev->type != EV_IPL)
        return;
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == ':' && text.p[i + 1] == ' ') {
            ccel_put_utf8(ret, (struct bytes){text.p, i});
            return;
        }
    ccel_put_utf8(ret, text); /* a file that was read */
}
