#include "attest/ccel_path.h"

#include "base/codec.h"
#include "base/rd.h"
#include "base/utf8.h"

#define NODES_MAX 32

/* ---- characters ---- */

static bool is_unseen(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
           (c >= 0xd800 && c <= 0xdfff) || (c >= 0xe0000 && c <= 0xe0fff);
}

static void put_char(struct buf *out, uint32_t c)
{
    if (is_unseen(c)) {
        buf_printf(out, c < 0x100 ? "\\x%02x" : "\\u{%x}", c);
    } else if (c < 0x80) {
        buf_put_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
        buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        if (c < 0x10000) {
            buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
        } else {
            buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
            buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

void ccel_put_utf8(struct buf *out, struct bytes text)
{
    size_t i = 0;

    while (i < text.n && i < CCEL_TEXT_MAX) {
        uint32_t c;
        size_t n = utf8_next((struct bytes){text.p + i, text.n - i}, &c);

        if (n > 0)
            put_char(out, c);
        else
            buf_printf(out, "\\x%02x", text.p[i]);
        i += n > 0 ? n : 1;
    }
    if (i < text.n)
        buf_put_str(out, "...");
}

void ccel_put_utf16(struct buf *out, struct bytes text)
{
    struct rd r = rd_of(text);

    while (r.left >= 2 && text.n - r.left < CCEL_TEXT_MAX) {
        uint32_t c = rd_u16le(&r);

        if (c == 0)
            return;
        if (c >= 0xd800 && c < 0xdc00 && r.left >= 2) {
            struct rd ahead = r;
            uint32_t low = rd_u16le(&ahead);

            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                r = ahead;
            }
        }
        put_char(out, c);
    }
    if (r.left >= 2)
        buf_put_str(out, "...");
}

void ccel_put_hex(struct buf *out, struct bytes b, size_t max)
{
    hex_put(out, (struct bytes){b.p, b.n < max ? b.n : max});
    if (b.n > max)
        buf_put_str(out, "...");
}

void ccel_put_guid(struct buf *out, struct bytes guid)
{
    struct rd r = rd_of(guid);
    uint32_t a = rd_u32le(&r);
    uint16_t b = rd_u16le(&r), c = rd_u16le(&r);
    struct bytes d = rd_take(&r, 2), node = rd_take(&r, 6);

    buf_printf(out, "%08x-%04x-%04x-", a, b, c);
    hex_put(out, d);
    buf_put_u8(out, '-');
    hex_put(out, node);
}

/* ---- nodes ---- */

struct node {
    uint8_t type, subtype;
    struct rd r; /* its data */
};

static void put_guid_node(struct buf *out, const char *name, struct node *n)
{
    buf_printf(out, "%s(", name);
    ccel_put_guid(out, rd_take(&n->r, 16));
    buf_put_u8(out, ')');
}

static void put_acpi(struct buf *out, struct node *n)
{
    uint32_t hid = rd_u32le(&n->r), uid = rd_u32le(&n->r);

    if (hid == 0x0a0341d0)
        buf_printf(out, "PciRoot(0x%x)", uid);
    else if (hid == 0x0a0841d0)
        buf_printf(out, "PcieRoot(0x%x)", uid);
    else if ((hid & 0xffff) == 0x41d0)
        buf_printf(out, "Acpi(PNP%04X,0x%x)", hid >> 16, uid);
    else
        buf_printf(out, "Acpi(0x%08X,0x%x)", hid, uid);
}

static void put_hard_drive(struct buf *out, struct node *n)
{
    uint32_t number = rd_u32le(&n->r);
    uint64_t start = rd_u64le(&n->r), size = rd_u64le(&n->r);
    struct bytes signature = rd_take(&n->r, 16);
    uint8_t mbr, kind;

    mbr = rd_u8(&n->r);
    kind = rd_u8(&n->r);
    buf_printf(out, "HD(%u,%s,", number, mbr == 2 ? "GPT" : "MBR");
    if (kind == 2)
        ccel_put_guid(out, signature);
    else
        ccel_put_hex(out, signature, 4);
    buf_printf(out, ",0x%llx,0x%llx)", (unsigned long long)start, (unsigned long long)size);
}

static void put_mac(struct buf *out, struct node *n)
{
    buf_put_str(out, "MAC(");
    hex_put(out, rd_take(&n->r, 6));
    buf_put_u8(out, ')');
}

static void put_pci(struct buf *out, struct node *n)
{
    uint8_t function = rd_u8(&n->r), device = rd_u8(&n->r);

    buf_printf(out, "Pci(0x%x,0x%x)", device, function);
}

static void put_scsi(struct buf *out, struct node *n)
{
    uint16_t target = rd_u16le(&n->r), lun = rd_u16le(&n->r);

    buf_printf(out, "Scsi(0x%x,0x%x)", target, lun);
}

static void put_usb(struct buf *out, struct node *n)
{
    uint8_t port = rd_u8(&n->r), interface = rd_u8(&n->r);

    buf_printf(out, "USB(0x%x,0x%x)", port, interface);
}

static void put_sata(struct buf *out, struct node *n)
{
    uint16_t port = rd_u16le(&n->r), multiplier = rd_u16le(&n->r), lun = rd_u16le(&n->r);

    buf_printf(out, "Sata(0x%x,0x%x,0x%x)", port, multiplier, lun);
}

static void put_nvme(struct buf *out, struct node *n)
{
    buf_printf(out, "NVMe(0x%x,", rd_u32le(&n->r));
    hex_put(out, rd_take(&n->r, 8));
    buf_put_u8(out, ')');
}

static void put_file(struct buf *out, struct node *n)
{
    ccel_put_utf16(out, rd_take(&n->r, n->r.left));
}

static void put_ven_hw(struct buf *out, struct node *n)
{
    put_guid_node(out, "VenHw", n);
}

static void put_ven_msg(struct buf *out, struct node *n)
{
    put_guid_node(out, "VenMsg", n);
}

static void put_ven_media(struct buf *out, struct node *n)
{
    put_guid_node(out, "VenMedia", n);
}

static void put_fv_file(struct buf *out, struct node *n)
{
    put_guid_node(out, "FvFile", n);
}

static void put_fv(struct buf *out, struct node *n)
{
    put_guid_node(out, "Fv", n);
}

static const struct {
    uint8_t type, subtype;
    uint16_t least; /* bytes of data that it must have */
    void (*put)(struct buf *out, struct node *n);
} kinds[] = {
    {1, 1, 2, put_pci},         {1, 4, 16, put_ven_hw},    {2, 1, 8, put_acpi},
    {3, 2, 4, put_scsi},        {3, 5, 2, put_usb},        {3, 10, 16, put_ven_msg},
    {3, 11, 6, put_mac},        {3, 18, 6, put_sata},      {3, 23, 12, put_nvme},
    {4, 1, 38, put_hard_drive}, {4, 3, 16, put_ven_media}, {4, 4, 2, put_file},
    {4, 6, 16, put_fv_file},    {4, 7, 16, put_fv},
};

static void put_node(struct buf *out, struct node *n)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].type == n->type && kinds[i].subtype == n->subtype &&
            n->r.left >= kinds[i].least) {
            kinds[i].put(out, n);
            return;
        }
    buf_printf(out, "Path(%u,%u,", n->type, n->subtype);
    ccel_put_hex(out, rd_take(&n->r, n->r.left), 32);
    buf_put_u8(out, ')');
}

void ccel_put_path(struct buf *out, struct bytes path)
{
    struct rd r = rd_of(path);

    for (size_t i = 0; r.left > 0; i++) {
        struct node n = {.type = rd_u8(&r), .subtype = rd_u8(&r)};
        uint16_t len = rd_u16le(&r);
        struct bytes data = rd_take(&r, len < 4 ? SIZE_MAX : (size_t)len - 4);

        if (!rd_ok(&r) || i == NODES_MAX) {
            buf_put_str(out, i ? "/..." : "...");
            return;
        }
        if (n.type == 0x7f && n.subtype == 0xff)
            return;
        if (i > 0)
            buf_put_str(out, n.type == 0x7f ? "," : "/");
        n.r = rd_of(data);
        if (n.type != 0x7f)
            put_node(out, &n);
    }
}
