import Causality
import Changes
import Testing

/// A stored form or a part of a message: how its bytes are read, and what is written for what was read.
struct Form: Sendable, CustomTestStringConvertible {
    /// Names the golden file.
    let name: String
    /// Reads `bytes` to their end and encodes the result.
    let rewritten: @Sendable (_ bytes: [UInt8]) throws(CodecError) -> [UInt8]
    /// Valid bytes, of another value each time.
    let random: @Sendable (inout Generator) -> [UInt8]

    var testDescription: String { name }
}

extension Form {
    static let value = streamed("value", { reader throws(CodecError) in try Value(from: &reader) }) { value, writer in
        value.encode(into: &writer)
    } random: { generator in
        generator.value()
    }

    static let recordOrigin = streamed(
        "record-origin", { reader throws(CodecError) in try RecordOrigin(from: &reader) }
    ) { origin, writer in
        origin.encode(into: &writer)
    } random: { generator in
        generator.origin()
    }

    static let operations = Form(name: "operations") { bytes throws(CodecError) in
        try Operations(bytes).encoded()
    } random: { generator in
        generator.operations().encoded()
    }

    static let personalPart = Form(name: "personal-part") { bytes throws(CodecError) in
        try PersonalPart(bytes).encoded()
    } random: { generator in
        generator.part().encoded()
    }

    static let changeHeader = streamed(
        "change-header", { reader throws(CodecError) in try ChangeHeader(from: &reader) }
    ) { header, writer in
        header.encode(into: &writer)
    } random: { generator in
        generator.change().header
    }

    /// Read at a fixed place: a change's feed, sequence and hash before are not in its carried form.
    static let changeCarried = Form(name: "change-carried") { bytes throws(CodecError) in
        try Change(carried: bytes, scope: Samples.scope, dot: Samples.dot, previous: Samples.feedStart).carried()
    } random: { generator in
        generator.change().carried()
    }

    static let entry = streamed("entry", { reader throws(CodecError) in try Entry(from: &reader) }) { entry, writer in
        entry.encode(into: &writer)
    } random: { generator in
        generator.entry()
    }

    static let attestation = streamed(
        "attestation", { reader throws(CodecError) in try Attestation(from: &reader) }
    ) { attestation, writer in
        attestation.encode(into: &writer)
    } random: { generator in
        Attestation(
            scope: generator.identifier(), sequence: generator.integer(), hash: generator.hash(), key: Samples.key)
    }

    static let receipt = streamed("receipt", { reader throws(CodecError) in try Receipt(from: &reader) }) {
        receipt, writer in
        receipt.encode(into: &writer)
    } random: { generator in
        generator.receipt()
    }

    static let certificate = Form(name: "certificate") { bytes throws(CodecError) in
        try Certificate(bytes).encoded()
    } random: { generator in
        generator.certificate().encoded()
    }

    static let recordState = Form(name: "record-state") { bytes throws(CodecError) in
        try RecordState(bytes).encoded()
    } random: { generator in
        generator.state().encoded()
    }

    static let all = [
        value, recordOrigin, operations, personalPart, changeHeader, changeCarried, entry, attestation, receipt,
        certificate, recordState,
    ]

    /// A form that is read from the middle of a message.
    private static func streamed<Content>(
        _ name: String,
        _ read: @escaping @Sendable (inout ByteReader) throws(CodecError) -> Content,
        write: @escaping @Sendable (Content, inout ByteWriter) -> Void,
        random: @escaping @Sendable (inout Generator) -> Content
    ) -> Form {
        Form(name: name) { bytes throws(CodecError) in
            var reader = ByteReader(bytes)
            let content = try read(&reader)
            try reader.finish()
            return encoded { write(content, &$0) }
        } random: { generator in
            let content = random(&generator)
            return encoded { write(content, &$0) }
        }
    }
}

/// What `body` writes.
func encoded(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    body(&writer)
    return writer.bytes
}
