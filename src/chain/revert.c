/* revert - why a contract refused, in words; see rpc.h. */
#include <stdio.h>
#include "base/codec.h"
#include "chain/abi_text.h"
#include "chain/rpc.h"

/* Custom errors by signature: OpenZeppelin's, and those of contracts/src (a test of gov compares
 * this list with the compiled contracts). */
static const char *const errors[] = {
    "AccessControlBadConfirmation()",
    "AccessControlUnauthorizedAccount(address,bytes32)",
    "AlreadySet()",
    "BadAttributes()",
    "BadBase64()",
    "BadBody()",
    "BadCertification()",
    "BadClaim(bytes32)",
    "BadDer(uint256)",
    "BadHeader()",
    "BadJson(uint256)",
    "BadKey()",
    "BadKeyType()",
    "BadModule()",
    "BadName()",
    "BadNonce()",
    "BadOutput()",
    "BadPckExtension()",
    "BadPckName()",
    "BadPckSignature()",
    "BadPcrs()",
    "BadPolicy()",
    "BadQeBinding()",
    "BadQeIdentity()",
    "BadQeSignature()",
    "BadQuoteSignature()",
    "BadRegister(bytes32)",
    "BadReportData()",
    "BadRules()",
    "BadServiceTd()",
    "BadSignature()",
    "BadSubject()",
    "BadTime()",
    "BadToken()",
    "BadTokenSignature()",
    "BadTpmQuote()",
    "BadTpmSignature()",
    "BadUri()",
    "BadValue(bytes32)",
    "BadVendor()",
    "BadVersion()",
    "BadXfam()",
    "Debuggable()",
    "Empty()",
    "Ended()",
    "IsFrozen()",
    "IsRevoked()",
    "KeyNotValidNow()",
    "ListFull()",
    "Missing(bytes32)",
    "NoCode()",
    "NoHclAkPub()",
    "NoPcrMask()",
    "NotAllowed()",
    "NotAttested()",
    "NotGenuine()",
    "NotNewer()",
    "NotTdx()",
    "NotValidNow()",
    "NotWritten()",
    "NotYours()",
    "NothingWaits()",
    "NumberTooLow(uint32)",
    "OneAuthority()",
    "OperatorMustBeSender()",
    "OwnableInvalidOwner(address)",
    "OwnableUnauthorizedAccount(address)",
    "PckNotValidNow()",
    "PrincipalNeeded()",
    "QeNotSupported()",
    "ReentrancyGuardReentrantCall()",
    "TcbNotSupported()",
    "TcbRefused(uint8)",
    "TimelockInsufficientDelay(uint256,uint256)",
    "TimelockUnauthorizedCaller(address)",
    "TimelockUnexecutedPredecessor(bytes32)",
    "TimelockUnexpectedOperationState(bytes32,bytes32)",
    "TokenNotValidNow()",
    "TooEarly(uint64)",
    "TooLong(uint256,uint256)",
    "TooMany(bytes32)",
    "Truncated()",
    "Unknown()",
    "UnknownKey()",
    "UnknownKind(uint8)",
    "UnknownLayout(uint16)",
    "Unsorted(bytes32)",
    "WrongIssuer()",
    "WrongLength(uint256,uint256)",
    "WrongName()",
    "WrongPlatform()",
    "WrongPolicy()",
    "WrongScheme()",
};

static bool selects(const char *signature, struct bytes data)
{
    uint8_t selector[4];

    abi_selector(signature, selector);
    return data.n >= sizeof selector && memcmp(data.p, selector, sizeof selector) == 0;
}

static const char *panic_name(uint64_t code)
{
    switch (code) {
    case 0x00:
        return "of the compiler";
    case 0x01:
        return "assertion failed";
    case 0x11:
        return "arithmetic overflow";
    case 0x12:
        return "division by zero";
    case 0x21:
        return "no such value of an enum";
    case 0x22:
        return "badly encoded storage";
    case 0x31:
        return "pop of an empty array";
    case 0x32:
        return "index out of bounds";
    case 0x41:
        return "too much memory";
    case 0x51:
        return "call of an unset function";
    default:
        return "unknown";
    }
}

static bool put_builtin(struct buf *out, struct bytes data, struct bytes arguments)
{
    AUTO(abi_tree) tree = NULL;
    struct abi_type type;
    struct err ignored;
    uint64_t code;

    if (selects("Error(string)", data)) {
        if (abi_decode("string", arguments, &tree, &ignored) != ERR_OK)
            return false;
        if (abi_type_parse("string", 6, &type, &ignored) != ERR_OK)
            return false;
        abi_text_value(out, &type, type.node[0].child, abi_tree_values(tree));
        return true;
    }
    if (selects("Panic(uint256)", data)) {
        if (abi_decode("uint256", arguments, &tree, &ignored) != ERR_OK ||
            abi_get_u64(abi_tree_values(tree), &code, &ignored) != ERR_OK)
            return false;
        buf_printf(out, "Panic(0x%llx): %s", (unsigned long long)code, panic_name(code));
        return true;
    }
    return false;
}

void rpc_revert_text(struct bytes data, char *ret, size_t size)
{
    struct buf out AUTO_CALL(buf_done) = BUF(4096), padded AUTO_CALL(buf_done) = BUF(16384);
    struct bytes arguments;
    bool known = false;

    if (data.n < 4) {
        snprintf(ret, size, "no reason");
        return;
    }
    /* Hand-written contracts leave out the last padding. */
    buf_put(&padded, (struct bytes){data.p + 4, data.n - 4});
    buf_put_zero(&padded, (32 - padded.n % 32) % 32);
    arguments = buf_bytes(&padded);
    known = put_builtin(&out, data, arguments);
    for (size_t i = 0; !known && i < sizeof errors / sizeof errors[0]; i++)
        known = selects(errors[i], data) && abi_text_call(&out, errors[i], NULL, arguments);
    if (!known) {
        buf_clear(&out);
        buf_put_str(&out, "unknown error 0x");
        hex_put(&out, (struct bytes){data.p, 4});
    }
    snprintf(ret, size, "%s", buf_cstr(&out) ? buf_cstr(&out) : "no reason");
}
