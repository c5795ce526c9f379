// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    // SE-0480: a warning in our own sources stops the build, in every build alike.
    .treatAllWarnings(as: .error),
    // SE-0335: the cost of an existential is written where it is paid.
    .enableUpcomingFeature("ExistentialAny"),
    // SE-0444: a file imports what it uses.
    .enableUpcomingFeature("MemberImportVisibility"),
    // Calls between our modules are specialised and inlined as those within one are.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// Of the tests nobody calls anything: optimised by themselves they are fast enough.
let testSettings = Array(settings.dropLast())

/// Release programs carry Swift's libraries with them: a branch's machine then needs none, and a command starts in 13 ms
/// instead of 22. The tests do not, so that one release build serves both: what the compiler would link by itself, were all of it
/// built for the static libraries, is named. `AMENDS_DYNAMIC=1` is for toolchains that have none to link.
let programSettings: [LinkerSetting] =
    Context.environment["AMENDS_DYNAMIC"] == "1"
    ? []
    : [
        .unsafeFlags(
            [
                "-static-stdlib", "-lswiftSynchronization", "-lCoreFoundation", "-l_FoundationICU",
                "-l_FoundationCShims", "-l_FoundationCollections",
            ],
            .when(platforms: [.linux], configuration: .release))
    ]

let package = Package(
    name: "amends",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .target(name: "Causality", swiftSettings: settings),
        .target(name: "ReplicatedTypes", dependencies: ["Causality"], swiftSettings: settings),
        .target(
            name: "Changes",
            dependencies: ["Causality", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
        .target(name: "Replication", dependencies: ["Causality", "Changes", "Compression"], swiftSettings: settings),
        .target(name: "ServiceRecovery", dependencies: ["Causality", "Changes"], swiftSettings: settings),
        .target(name: "ChainDirectory", dependencies: ["Causality", "Changes"], swiftSettings: settings),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "SQLiteKit", dependencies: ["CSQLite"], swiftSettings: settings),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "Compression", dependencies: ["CZstd", "Changes"], swiftSettings: settings),
        .target(
            name: "SQLiteStore",
            dependencies: [
                "Causality", "Changes", "Compression", "Replication", "SQLiteKit",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Importing", dependencies: ["CZlib"], swiftSettings: settings),
        .target(
            name: "SyncHTTP",
            dependencies: [
                "Causality", "Changes", "Compression", "Replication",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "HubService",
            dependencies: [
                "Causality", "ChainDirectory", "Changes", "Compression", "ReplicaSettings", "Replication",
                "SQLiteStore",
                "ServiceRecovery", "SyncHTTP",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "ReplicaSettings", dependencies: ["Causality", "Replication"], swiftSettings: settings),
        .target(
            name: "BranchService",
            dependencies: [
                "Causality", "ChainDirectory", "Changes", "Importing", "ReplicaSettings", "Replication", "SQLiteKit",
                "SQLiteStore",
                "ServiceRecovery",
                "SyncHTTP",
            ],
            swiftSettings: settings),
        .target(
            name: "Inspection",
            dependencies: [
                "Causality", "ChainDirectory", "Changes", "Compression", "ReplicaSettings", "Replication", "SQLiteKit",
                "SQLiteStore",
                "ServiceRecovery",
            ],
            swiftSettings: settings),
        .target(
            name: "CommandLineKit",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "amends",
            dependencies: [
                "BranchService", "Causality", "ChainDirectory", "Changes", "CommandLineKit", "Importing", "Inspection",
                "ReplicaSettings", "Replication", "SQLiteStore", "ServiceRecovery", "SyncHTTP",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings, linkerSettings: programSettings),
        .executableTarget(
            name: "amends-hub",
            dependencies: [
                "Causality", "ChainDirectory", "Changes", "CommandLineKit", "HubService", "Replication", "SQLiteStore",
                "SyncHTTP",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings, linkerSettings: programSettings),
        .executableTarget(
            name: "amends-bench",
            dependencies: [
                "BranchService", "Causality", "Changes", "Compression", "Importing", "Inspection", "ReplicaSettings",
                "Replication", "SQLiteKit", "SQLiteStore", "ServiceRecovery", "SyncHTTP",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings, linkerSettings: programSettings),
        // MARK: - Proofs
        .executableTarget(
            name: "amends-prove",
            dependencies: [
                "Claims", "CommandLineKit", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings, linkerSettings: programSettings),
        .target(
            name: "Claims",
            dependencies: [
                "Causality", "ChainDirectory", "Changes", "CommandLineKit", "Importing", "Inspection",
                "ReplicaSettings", "Replication", "SQLiteKit", "SQLiteStore", "ServiceRecovery", "StoreContract",
                "TypeLaws",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SQLiteStoreTests",
            dependencies: [
                "Causality", "Changes", "Inspection", "Replication", "SQLiteKit", "SQLiteStore", "ServiceRecovery",
                "StoreContract",
            ],
            swiftSettings: testSettings),
        .testTarget(
            name: "InspectionTests",
            dependencies: [
                "Causality", "Changes", "Claims", "CommandLineKit", "Compression", "Inspection", "Replication",
                "SQLiteKit",
                "SQLiteStore",
                "ServiceRecovery", "StoreContract",
            ],
            swiftSettings: testSettings),

        .target(name: "TypeLaws", dependencies: ["Causality", "ReplicatedTypes"], swiftSettings: settings),
        .target(
            name: "StoreContract", dependencies: ["Causality", "Changes", "Replication"], swiftSettings: settings),
        .testTarget(name: "CausalityTests", dependencies: ["Causality", "TypeLaws"], swiftSettings: testSettings),
        .testTarget(
            name: "ReplicatedTypesTests", dependencies: ["Causality", "ReplicatedTypes", "TypeLaws"],
            swiftSettings: testSettings),
        .target(
            name: "GoldenFiles", dependencies: ["Causality"], path: "Tests/GoldenFiles", swiftSettings: settings),
        .testTarget(
            name: "ChangesTests", dependencies: ["Causality", "Changes", "GoldenFiles"], swiftSettings: testSettings),
        .testTarget(
            name: "ReplicationTests",
            dependencies: ["Causality", "Changes", "GoldenFiles", "Replication", "StoreContract"],
            swiftSettings: testSettings),
        .testTarget(
            name: "ServiceRecoveryTests", dependencies: ["Causality", "Changes", "ServiceRecovery"],
            swiftSettings: testSettings),
        .testTarget(
            name: "ChainDirectoryTests", dependencies: ["Causality", "ChainDirectory", "Changes"],
            swiftSettings: testSettings),
        .testTarget(name: "SQLiteKitTests", dependencies: ["CSQLite", "SQLiteKit"], swiftSettings: testSettings),
        .testTarget(name: "CommandLineKitTests", dependencies: ["CommandLineKit"], swiftSettings: testSettings),
        // It runs the programs, which every build that makes tests makes too.
        .testTarget(name: "EndToEndTests", swiftSettings: testSettings),
        .testTarget(
            name: "SyncHTTPTests",
            dependencies: [
                "Causality", "Changes", "Compression", "Replication", "SyncHTTP",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: testSettings),
        .testTarget(
            name: "HubServiceTests",
            dependencies: [
                "Causality", "ChainDirectory", "Changes", "Compression", "HubService", "Replication", "SQLiteStore",
                "ServiceRecovery", "SyncHTTP",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: testSettings),
        .testTarget(name: "ImportingTests", dependencies: ["CZlib", "Importing"], swiftSettings: testSettings),
    ],
    swiftLanguageModes: [.v6]
)
