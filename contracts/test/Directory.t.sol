// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Authority} from "../src/Authority.sol";
import {Blob} from "../src/Blob.sol";
import {Directory} from "../src/Directory.sol";
import {IConfigGovernance, IOnchainDiscovery, IWorkloadGovernance} from "../src/Interfaces.sol";
import {KMS} from "../src/KMS.sol";
import {Names} from "../src/Names.sol";
import {Registry} from "../src/Registry.sol";
import {AppPKI} from "../src/Types.sol";
import {Base} from "./Base.sol";

/// What others find in a contract: PKI, names, backends, artifacts, interfaces.
contract DirectoryTest is Base {
    Registry private r;

    function setUp() public {
        vm.warp(T0);
        r = newRegistry(OWNER, 2);
        staff(KMS(address(r)));
    }

    // ---- interfaces ----

    function test_erc165_ids_of_the_three_interfaces() public {
        bytes4 workload = bytes4(
            keccak256(
                "DCAPIdentity((bytes,bytes[4],bytes,bytes,bytes),(uint32,uint32,bytes,bytes32)[])"
            )
        ) ^ bytes4(keccak256("MAAIdentity((bytes32[24]))"))
        ^ bytes4(keccak256("IdentityAllowed(bytes32,address)"));
        bytes4 config = bytes4(keccak256("ConfigForIdentity(bytes32,address)"))
            ^ bytes4(keccak256("StorageBackends()"));
        bytes4 discovery = bytes4(keccak256("PKI()")) ^ bytes4(keccak256("InstanceDomainNames()"));
        eq(
            bytes32(type(IWorkloadGovernance).interfaceId),
            bytes32(workload),
            "id of workload governance"
        );
        eq(bytes32(type(IConfigGovernance).interfaceId), bytes32(config), "id of config governance");
        eq(bytes32(type(IOnchainDiscovery).interfaceId), bytes32(discovery), "id of discovery");
        KMS k = newKms(OWNER, 2);
        ok(
            k.supportsInterface(workload) && r.supportsInterface(workload),
            "workload governance: both"
        );
        ok(k.supportsInterface(discovery) && r.supportsInterface(discovery), "discovery: both");
        ok(
            !k.supportsInterface(config) && r.supportsInterface(config),
            "config governance: the Registry"
        );
        bytes4 erc165 = type(IERC165).interfaceId;
        ok(k.supportsInterface(erc165) && r.supportsInterface(erc165), "ERC-165 itself");
        bytes4 roles = type(IAccessControl).interfaceId;
        ok(k.supportsInterface(roles) && r.supportsInterface(roles), "AccessControl");
        ok(
            !k.supportsInterface(0xffffffff) && !r.supportsInterface(0xffffffff),
            "the id that is none"
        );
    }

    // ---- PKI ----

    function test_the_pki_is_given_back_as_it_was_set() public {
        AppPKI memory pki = AppPKI("certificate", "key", "quote");
        vm.expectEmit(address(r));
        emit Directory.PKIUpdated(OWNER, pki);
        vm.prank(OWNER);
        r.setPKI(pki);
        eq(abi.encode(r.PKI()), abi.encode(pki), "PKI()");
        (bytes memory ca, bytes memory key, bytes memory quote) = r.app_pki();
        eq(abi.encode(AppPKI(ca, key, quote)), abi.encode(pki), "app_pki()");
        eq(r.pkiHash(), keccak256(abi.encode(pki.ca, pki.pubkey)), "pkiHash()");
    }

    function test_without_a_pki_the_answer_is_empty() public view {
        AppPKI memory none;
        eq(abi.encode(r.PKI()), abi.encode(none), "PKI()");
        eq(r.pkiHash(), 0, "pkiHash()");
    }

    function test_another_pki_waits_and_can_be_cancelled() public {
        vm.startPrank(OWNER);
        r.setPKIV2("ca", "key");
        bytes32 old = r.pkiHash();
        r.setDelay(100);
        r.setPKIV2("ca 2", "key 2");
        eq(r.pkiHash(), old, "waits");
        vm.warp(T0 + 99);
        vm.expectRevert(abi.encodeWithSelector(Authority.TooEarly.selector, T0 + 100));
        r.applyPKI();
        vm.stopPrank();
        vm.prank(GUARDIAN);
        r.cancelPKI();
        vm.warp(T0 + 100);
        vm.expectRevert(Authority.NothingWaits.selector);
        r.applyPKI();
        eq(r.pkiHash(), old, "nothing took over");
        vm.prank(OWNER);
        r.setPKIV2("ca 3", "key 3");
        vm.warp(T0 + 200);
        vm.prank(STRANGER);
        r.applyPKI();
        eq(r.PKI().ca, "ca 3", "applied by anybody");
        vm.expectRevert(Authority.NothingWaits.selector);
        r.applyPKI();
    }

    function test_half_a_pki_is_refused() public {
        vm.startPrank(OWNER);
        vm.expectRevert(Directory.Empty.selector);
        r.setPKIV2("", "key");
        vm.expectRevert(Directory.Empty.selector);
        r.setPKIV2("ca", "");
    }

    function test_a_pki_that_fits_no_code_is_refused() public {
        vm.prank(OWNER);
        vm.expectPartialRevert(Blob.TooLong.selector);
        r.setPKIV2(new bytes(24400), "key");
    }

    // ---- names ----

    function register(string memory name) private {
        vm.prank(OPERATOR);
        r.registerInstanceDomainName(name);
    }

    function test_names_are_listed_in_order_and_removed_by_their_registrar() public {
        register("a.example");
        register("b.example:8443");
        register("127.0.0.1:1");
        vm.prank(OPERATOR);
        r.removeInstanceDomainName("a.example");
        string[] memory names = r.InstanceDomainNames();
        eq(names.length, 2, "how many");
        eq(names[0], "127.0.0.1:1", "the last took the place");
        eq(names[1], "b.example:8443", "the others stay");
        eq(r.m_instanceDomainNames(1), names[1], "by number");
        eq(r.domainsHash(), keccak256(abi.encode(names)), "hash");
        register("a.example");
        eq(r.InstanceDomainNames().length, 3, "and may come back");
    }

    function test_a_name_of_another_operator_is_not_taken() public {
        register("a.example");
        vm.startPrank(OWNER);
        r.grantRole(ROLE_OPERATOR, STRANGER);
        vm.stopPrank();
        vm.prank(STRANGER);
        vm.expectRevert(Directory.NotYours.selector);
        r.registerInstanceDomainName("a.example");
        vm.prank(STRANGER);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        r.removeInstanceDomainName("a.example");
        register("a.example");
        eq(r.InstanceDomainNames().length, 1, "one's own again: nothing changes");
    }

    function test_a_name_lives_for_a_day_and_each_heartbeat_gives_another() public {
        register("a.example");
        register("b.example");
        vm.warp(T0 + 1 days);
        register("b.example");
        eq(r.InstanceDomainNames().length, 2, "the last second counts");
        vm.warp(T0 + 1 days + 1);
        string[] memory names = r.InstanceDomainNames();
        eq(names.length, 1, "without a heartbeat it is listed no more");
        eq(names[0], "b.example", "the other is");
        eq(r.m_instanceDomainNames(0), "a.example", "until it is removed it keeps its place");
        vm.warp(T0 + 2 days + 1);
        eq(r.InstanceDomainNames().length, 0, "and so is the other");
    }

    function test_anybody_removes_a_dead_name_and_another_operator_may_take_it() public {
        register("a.example");
        register("b.example");
        vm.prank(OWNER);
        r.grantRole(ROLE_OPERATOR, STRANGER);
        vm.warp(T0 + 1 days + 1);
        vm.prank(address(1));
        r.removeInstanceDomainName("a.example");
        vm.prank(STRANGER);
        r.registerInstanceDomainName("b.example");
        eq(r.InstanceDomainNames().length, 1, "one is alive");
        vm.prank(OPERATOR);
        vm.expectRevert(Directory.NotYours.selector);
        r.registerInstanceDomainName("b.example");
    }

    function test_an_unknown_name_is_not_removed() public {
        vm.prank(OWNER);
        vm.expectRevert(Directory.Unknown.selector);
        r.removeInstanceDomainName("a.example");
    }

    function test_names_are_at_most_32() public {
        for (uint256 i; i < 32; ++i) {
            register(string.concat("h", vm.toString(i)));
        }
        vm.prank(OPERATOR);
        vm.expectRevert(Directory.ListFull.selector);
        r.registerInstanceDomainName("h32");
    }

    function label(uint256 n) private pure returns (bytes memory l) {
        l = new bytes(n);
        for (uint256 i; i < n; ++i) {
            l[i] = "a";
        }
    }

    function test_hosts_with_and_without_port_are_names() public {
        string[9] memory good = [
            "a",
            "localhost:65535",
            "127.0.0.1",
            "10.0.0.1:1",
            "a-b.c--d.example",
            "0.example",
            "xn--bcher-kva.example:443",
            string(label(63)),
            "[placeholder]"
        ];
        good[8] = string(
            bytes.concat(label(63), ".", label(63), ".", label(63), ".", label(61), ":8080")
        );
        for (uint256 i; i < good.length; ++i) {
            register(good[i]);
        }
        eq(r.InstanceDomainNames().length, good.length, "how many");
    }

    function test_what_is_no_host_is_no_name() public {
        string[26] memory bad = [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "-a",
            "a-",
            "a-.b",
            "a.-b",
            "A.example",
            "a b",
            "a_b",
            "a/b",
            "http://a",
            "a@b",
            "a:0",
            "a:",
            ":80",
            "a:65536",
            "a:080",
            "a:123456",
            "a:8o",
            unicode"ä",
            "a\x00",
            "",
            ""
        ];
        bad[24] = string(label(64));
        bad[25] = string(bytes.concat(label(63), ".", label(63), ".", label(63), ".", label(62)));
        for (uint256 i; i < bad.length; ++i) {
            vm.prank(OPERATOR);
            vm.expectRevert(Names.BadName.selector);
            r.registerInstanceDomainName(bad[i]);
        }
    }

    function testFuzz_a_name_is_accepted_or_refused_and_never_breaks_the_list(string calldata name)
        public
    {
        vm.prank(OPERATOR);
        try r.registerInstanceDomainName(name) {
            bytes calldata b = bytes(name);
            for (uint256 i; i < b.length; ++i) {
                bytes1 c = b[i];
                bool fine = (c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c == "-" || c == "."
                    || c == ":";
                ok(fine, "only characters of a host");
            }
        } catch (bytes memory why) {
            eq(bytes32(bytes4(why)), bytes32(Names.BadName.selector), "why");
        }
    }

    // ---- storage backends ----

    function backend(string memory uri) private {
        vm.prank(OWNER);
        r.setStorageBackend(uri);
    }

    function test_backends_are_listed_once() public {
        backend("onchain://0x00");
        backend("s3://bucket/prefix/?region=eu&endpoint=a@b");
        backend("onchain://0x00");
        string[] memory all = r.StorageBackends();
        eq(all.length, 2, "how many");
        eq(all[1], "s3://bucket/prefix/?region=eu&endpoint=a@b", "the second");
        eq(r.m_storageBackends(0), "onchain://0x00", "by number");
        eq(r.backendsHash(), keccak256(abi.encode(all)), "hash");
        vm.prank(OWNER);
        r.removeStorageBackend("onchain://0x00");
        eq(r.StorageBackends().length, 1, "removed");
        vm.prank(OWNER);
        vm.expectRevert(Directory.Unknown.selector);
        r.removeStorageBackend("onchain://0x00");
    }

    function test_backends_are_at_most_32() public {
        for (uint256 i; i < 32; ++i) {
            backend(string.concat("ipfs://h", vm.toString(i)));
        }
        vm.prank(OWNER);
        vm.expectRevert(Directory.ListFull.selector);
        r.setStorageBackend("ipfs://h32");
    }

    function test_credentials_and_malformed_uris_are_refused() public {
        string[11] memory bad = [
            "s3://AK:SK@bucket/",
            "vault://token@host/",
            "",
            "s3",
            "s3:bucket",
            "://a",
            "ipfs://",
            "IPFS://a",
            "ipfs://a b",
            unicode"ipfs://ä",
            ""
        ];
        bad[10] = string(bytes.concat("ipfs://", label(506)));
        for (uint256 i; i < bad.length; ++i) {
            vm.prank(OWNER);
            vm.expectRevert(Names.BadUri.selector);
            r.setStorageBackend(bad[i]);
        }
        backend(string(bytes.concat("ipfs://", label(505))));
    }

    // ---- artifacts ----

    function test_an_artifact_is_found_by_its_sha256() public {
        bytes memory data = "hello";
        vm.expectEmit(address(r));
        emit Directory.ArtifactAdded(
            0x2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824, METADATA
        );
        vm.prank(METADATA);
        bytes32 id = r.addArtifact(data);
        eq(r.getArtifact(id), data, "getArtifact");
        eq(r.artifacts(id), data, "artifacts");
    }

    function test_an_artifact_is_written_once() public {
        vm.startPrank(METADATA);
        r.addArtifact("hello");
        vm.recordLogs();
        r.addArtifact("hello");
        eq(vm.getRecordedLogs().length, 0, "no event");
    }

    function test_an_artifact_can_be_published_as_an_event() public {
        bytes memory data = "an artifact";
        vm.expectEmit(address(r));
        emit Directory.ArtifactPublished(sha256(data), data, METADATA);
        vm.prank(METADATA);
        eq(r.publishArtifact(data), sha256(data), "its name");
        bytes32 id = sha256(data);
        vm.expectRevert(Directory.Unknown.selector);
        r.getArtifact(id);
    }

    function test_an_unknown_artifact_is_an_error_or_empty() public {
        vm.expectRevert(Directory.Unknown.selector);
        r.getArtifact("none");
        eq(r.artifacts("none").length, 0, "artifacts");
    }

    function test_artifacts_are_at_most_24575_bytes() public {
        vm.startPrank(METADATA);
        bytes32 id = r.addArtifact(new bytes(24575));
        eq(r.getArtifact(id).length, 24575, "the largest");
        vm.expectRevert(abi.encodeWithSelector(Blob.TooLong.selector, 24576, 24575));
        r.addArtifact(new bytes(24576));
    }

    function testFuzz_any_artifact_comes_back(bytes calldata data) public {
        vm.prank(METADATA);
        bytes32 id = r.addArtifact(data);
        eq(id, sha256(data), "id");
        eq(r.getArtifact(id), data, "data");
    }
}
