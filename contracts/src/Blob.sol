// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Bytes kept as the code of an account of their own: a third of the price of storage slots.
library Blob {
    /// The largest code is 24,576 bytes, and the first of them is a STOP that keeps it from running.
    uint256 internal constant MAX = 24575;

    error TooLong(uint256 found, uint256 most);
    error NotWritten();

    function write(bytes memory data) internal returns (address account) {
        if (data.length > MAX) revert TooLong(data.length, MAX);
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN; then STOP and data.
        bytes memory code =
            bytes.concat(hex"61", bytes2(uint16(data.length + 1)), hex"80600a3d393df300", data);
        assembly ("memory-safe") {
            account := create(0, add(code, 32), mload(code))
        }
        if (account == address(0)) revert NotWritten();
    }

    /// Empty where nothing was written.
    function read(address account) internal view returns (bytes memory data) {
        uint256 size = account.code.length;
        if (size == 0) return "";
        data = new bytes(size - 1);
        assembly ("memory-safe") {
            extcodecopy(account, add(data, 32), 1, mload(data))
        }
    }

    /// Ends the call with `data` from `skip` on as its answer: what was kept encoded is not decoded for it.
    function answer(bytes memory data, uint256 skip) internal pure {
        assembly ("memory-safe") {
            return(add(add(data, 32), skip), sub(mload(data), skip))
        }
    }
}
