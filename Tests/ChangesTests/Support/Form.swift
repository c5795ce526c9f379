import Causality
import Changes
import Testing

/// A stored form or a part of a message: how its bytes are read, and what is written for what was read.
struct Form: Sendable, CustomTestStringConvertible {
    /// As in the name of the golden file.
    let name: String
    /// Reads `bytes` to their end and encodes the result.
    let rewritten: @Sendable (_ bytes: [UInt8]) throws(CodecError) -> [UInt8]
    /// Valid bytes, of another value each time.
    let random: @Sendable (inout Generator) -> [UInt8]

    var testDescription: String { name }
}

/// What reading bytes comes to.
enum Outcome: Equatable {
    case refused(CodecError)
    case taken(rewritten: [UInt8])
}

extension Form {
    func outcome(_ bytes: [UInt8]) -> Outcome {
        do { return .taken(rewritten: try rewritten(bytes)) } catch { return .refused(error) }
    }

    static let all = [
        value, recordOrigin, operations, personalPart, changeHeader, changeCarried, entry, attestation, receipt,
        certificate, recordState,
    ]

    static let value = Form(
        name: "value",
        rewritten: { bytes throws(CodecError) in try whole(bytes, Value.init(from:)).canonicalBytes },
        random: { $0.value().canonicalBytes })

    static let recordOrigin = Form(
        name: "record-origin",
        rewritten: { bytes throws(CodecError) in
            let origin = try whole(bytes, RecordOrigin.init(from:))
            return encoded(origin.encode)
        },
        random: { encoded($0.origin().encode) })

    static let operations = Form(
        name: "operations",
        rewritten: { bytes throws(CodecError) in try Operations(bytes).encoded() },
        random: { $0.operations().encoded() })

    static let personalPart = Form(
        name: "personal-part",
        rewritten: { bytes throws(CodecError) in try PersonalPart(bytes).encoded() },
        random: { $0.part().encoded() })

    static let changeHeader = Form(
        name: "change-header",
        rewritten: { bytes throws(CodecError) in
            let header = try whole(bytes, ChangeHeader.init(from:))
            return encoded(header.encode)
        },
        random: { encoded($0.change().header.encode) })

    /// Read at a fixed place: a change's feed, sequence and hash before are not in its carried form.
    static let changeCarried = Form(
        name: "change-carried",
        rewritten: { bytes throws(CodecError) in
            try Change(carried: bytes, scope: Samples.scope, dot: Samples.dot, previous: Samples.feedStart).carried()
        },
        random: { $0.change().carried() })

    static let entry = Form(
        name: "entry",
        rewritten: { bytes throws(CodecError) in try whole(bytes, Entry.init(from:)).encoded() },
        random: { $0.entry().encoded() })

    static let attestation = Form(
        name: "attestation",
        rewritten: { bytes throws(CodecError) in
            let attestation = try whole(bytes, Attestation.init(from:))
            return encoded(attestation.encode)
        },
        random: { encoded($0.attestation().encode) })

    static let receipt = Form(
        name: "receipt",
        rewritten: { bytes throws(CodecError) in
            let receipt = try whole(bytes, Receipt.init(from:))
            return encoded(receipt.encode)
        },
        random: { encoded($0.receipt().encode) })

    static let certificate = Form(
        name: "certificate",
        rewritten: { bytes throws(CodecError) in try Certificate(bytes).encoded() },
        random: { $0.certificate().encoded() })

    static let recordState = Form(
        name: "record-state",
        rewritten: { bytes throws(CodecError) in try RecordState(bytes).encoded() },
        random: { $0.state().encoded() })
}

/// What `read` makes of all of `bytes`, for a form that else is read from the middle of a message.
func whole<Content>(
    _ bytes: [UInt8], _ read: (inout ByteReader) throws(CodecError) -> Content
) throws(CodecError) -> Content {
    var reader = ByteReader(bytes)
    let content = try read(&reader)
    try reader.finish()
    return content
}

/// What `write` writes.
func encoded(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    write(&writer)
    return writer.bytes
}
