// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Times as certificates and signed JSON write them.
library Time {
    /// "YYYYMMDDhhmmssZ", the first 15 bytes of the word; UTC only.
    function compact(bytes32 w) internal pure returns (bool good, uint64 t) {
        unchecked {
            uint256 digits = uint256(w) >> 144; // 14 digits, the first the highest
            // Each byte is 0x30 to 0x39: the high half is 3, and the low half plus 6 stays below 16.
            uint256 lows = digits & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            good = digits - lows == 0x3030303030303030303030303030
                && (lows + 0x0606060606060606060606060606) & 0x1010101010101010101010101010 == 0
                && w[14] == "Z";
            // Pairs of digits, as bytes 0 to 6 of a word of 16-bit lanes.
            uint256 pairs = ((lows >> 8) & 0x00ff00ff00ff00ff00ff00ff00ff) * 10
                + (lows & 0x00ff00ff00ff00ff00ff00ff00ff);
            uint256 y = ((pairs >> 96) & 0xff) * 100 + ((pairs >> 80) & 0xff);
            uint256 m = (pairs >> 64) & 0xff;
            uint256 d = (pairs >> 48) & 0xff;
            good = good && y >= 1970 && m >= 1 && m <= 12 && d >= 1 && d <= 31;
            uint256 clock =
                ((pairs >> 32) & 0xff) * 3600 + ((pairs >> 16) & 0xff) * 60 + (pairs & 0xff);
            good =
                good && (pairs >> 32) & 0xff < 24 && (pairs >> 16) & 0xff < 60 && pairs & 0xff < 60;
            if (!good) return (false, 0);
            // Days of the civil calendar: the year begins in March, so that the odd day is its last.
            if (m <= 2) (y, m) = (y - 1, m + 12);
            uint256 days_ =
                365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + d - 719469;
            return (true, uint64(days_ * 86400 + clock));
        }
    }

    /// "YYYY-MM-DDThh:mm:ssZ", the first 20 bytes of the word.
    function iso(bytes32 w) internal pure returns (bool good, uint64 t) {
        bytes32 packed = bytes32(bytes4(w)) | (bytes32(bytes2(w << 40)) >> 32)
            | (bytes32(bytes2(w << 64)) >> 48) | (bytes32(bytes2(w << 88)) >> 64)
            | (bytes32(bytes2(w << 112)) >> 80) | (bytes32(bytes3(w << 136)) >> 96);
        (good, t) = compact(packed);
        good = good && w[4] == "-" && w[7] == "-" && w[10] == "T" && w[13] == ":" && w[16] == ":";
    }
}
