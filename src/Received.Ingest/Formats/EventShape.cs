using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>
/// What stays the same from event to event of one client: the text between the values, from brace to brace, names,
/// order and white space included. Learned by <see cref="ShapeLearner"/> from an event that the general path took, so
/// it names each field at most once, all required ones, and no other.
/// </summary>
sealed class EventShape
{
    const int TextBytesMax = 1024;
    const int PartsMax = 16;

    readonly byte[] _text = new byte[TextBytesMax];
    readonly ShapePart[] _parts = new ShapePart[PartsMax];
    int _textUsed;
    int _count;

    public ReadOnlySpan<ShapePart> Parts => _parts.AsSpan(0, _count);

    public void Clear() => (_textUsed, _count) = (0, 0);

    /// <summary>Fixed text, and the field whose value follows; <see cref="EventField.Whole"/> for the last.</summary>
    /// <returns>False where it is more than a shape holds.</returns>
    public bool TryAdd(ReadOnlySpan<byte> text, EventField field)
    {
        // Room to whole vectors: they are loaded past the text's end.
        var room = (text.Length + Vector256<byte>.Count - 1) & -Vector256<byte>.Count;
        if (_count == PartsMax || _textUsed + room > TextBytesMax) return false;
        text.CopyTo(_text.AsSpan(_textUsed));
        _parts[_count++] = new(_textUsed, text.Length, MaskOf(text.Length), field);
        _textUsed += room;
        return true;
    }

    static uint MaskOf(int length) => length >= Vector256<byte>.Count ? uint.MaxValue : (1u << length) - 1;

    /// <summary>Whether the body has the part's text there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Matches(in ShapePart part, ReadOnlySpan<byte> body, int at)
    {
        if (part.Length > Vector256<byte>.Count || at > body.Length - Vector256<byte>.Count)
            return body[at..].StartsWith(_text.AsSpan(part.Start, part.Length));
        var equal = Vector256.Equals(
            Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(body), (nuint)at),
            Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_text), (nuint)part.Start));
        // Bytes past the part's end may differ.
        return (~equal.ExtractMostSignificantBits() & part.Mask) == 0;
    }
}

/// <summary>One stretch of a shape's fixed text.</summary>
/// <param name="Mask">One bit a byte, of the first vector.</param>
/// <param name="Field">Whose value follows.</param>
readonly record struct ShapePart(int Start, int Length, uint Mask, EventField Field);
