// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// What may be written into the lists that other machines act upon.
library Names {
    uint256 internal constant MAX_URI = 512;

    error BadName();
    error BadUri();

    /// host or host:port; labels of a-z, 0-9 and inner hyphens, at most 63 of 253 characters.
    function checkHost(string calldata name) internal pure {
        bytes calldata b = bytes(name);
        uint256 end = b.length;
        uint256 digits;
        while (
            digits < end && digits < 6 && b[end - 1 - digits] >= "0" && b[end - 1 - digits] <= "9"
        ) ++digits;
        if (digits > 0 && digits < end && b[end - 1 - digits] == ":") {
            uint256 port;
            for (uint256 i = end - digits; i < end; ++i) {
                port = port * 10 + uint8(b[i]) - 48;
            }
            if (port == 0 || port > 65535 || b[end - digits] == "0") revert BadName();
            end -= digits + 1;
        }
        if (end == 0 || end > 253) revert BadName();
        uint256 label;
        for (uint256 i; i < end; ++i) {
            bytes1 c = b[i];
            if (c == ".") {
                if (label == 0 || b[i - 1] == "-") revert BadName();
                label = 0;
                continue;
            }
            if (!_isWord(c) && (c != "-" || label == 0)) revert BadName();
            if (++label > 63) revert BadName();
        }
        if (label == 0 || b[end - 1] == "-") revert BadName();
    }

    /// scheme://rest in printable ASCII without spaces, and no credentials: everybody reads this.
    function checkUri(string calldata uri) internal pure {
        bytes calldata b = bytes(uri);
        if (b.length > MAX_URI) revert BadUri();
        uint256 colon;
        while (colon < b.length && _isWord(b[colon])) ++colon;
        if (colon == 0 || b.length < colon + 4) revert BadUri();
        if (b[colon] != ":" || b[colon + 1] != "/" || b[colon + 2] != "/") revert BadUri();
        bool authority = true;
        for (uint256 i = colon + 3; i < b.length; ++i) {
            bytes1 c = b[i];
            if (c <= 0x20 || c >= 0x7f) revert BadUri();
            if (c == "/" || c == "?" || c == "#") authority = false;
            if (c == "@" && authority) revert BadUri();
        }
    }

    function _isWord(bytes1 c) private pure returns (bool) {
        return (c >= "a" && c <= "z") || (c >= "0" && c <= "9");
    }
}
