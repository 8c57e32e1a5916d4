using System.Buffers;
using Microsoft.AspNetCore.Http;
using Received.Ingest.Batching;
using Received.Ingest.Transport;
using Received.Ingest.Validation;
using Received.Model;

namespace Received.Ingest.Http;

/// <summary>
/// The whole body of one request as contiguous bytes: where Kestrel has it in one piece, those very bytes; otherwise
/// copied once into rented memory. Owner: the endpoint, which must call <see cref="Release"/> when the answer is
/// written.
/// </summary>
sealed class RequestBody(HttpContext context, Admission admission, AccountId account, int bytesMax)
{
#if DEBUG
    // So that tests cross the boundary with every body.
    const int FirstRent = 16;
#else
    const int FirstRent = 16 * 1024;
#endif

    byte[] _rented = [];
    int _used;
    int _reserved;
    SequencePosition? _heldUpTo;

    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Null when <see cref="Bytes"/> holds all of it.</summary>
    /// <exception cref="BadHttpRequestException">The client broke off or was too slow.</exception>
    public async ValueTask<Problem?> ReadAsync(BodyEncoding encoding)
    {
        if (context.Request.ContentLength > bytesMax) return Problem.BodyTooLarge(bytesMax);
        try
        {
            return encoding == BodyEncoding.Identity ? await ReadPlainAsync() : await ReadExpandedAsync(encoding);
        }
        catch (IOException exception) when (exception.InnerException is OverflowException)
        {
            // What Kestrel throws for the size of a chunk that no number holds.
            return Problem.Request(400);
        }
    }

    /// <summary>
    /// Gives the memory back as soon as nobody looks at <see cref="Bytes"/> any more, long before the log has answered:
    /// the next body then comes into memory that the processor's cache still holds. The room in the admission stays
    /// taken: it stands for what waits for the log.
    /// </summary>
    public void Free()
    {
        Bytes = default;
        if (_rented.Length > 0) ArrayPool<byte>.Shared.Return(_rented);
        _rented = [];
        if (_heldUpTo is not { } end) return;
        _heldUpTo = null;
        context.Request.BodyReader.AdvanceTo(end);
    }

    public void Release()
    {
        // First: of a connection that was broken off, nothing more can be read, and that is an exception.
        if (_reserved > 0) admission.Leave(account, _reserved);
        _reserved = 0;
        Free();
    }

    async ValueTask<Problem?> ReadPlainAsync()
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(context.RequestAborted);
            var buffer = result.Buffer;
            if (_used + buffer.Length > bytesMax)
            {
                reader.AdvanceTo(buffer.End);
                return Problem.BodyTooLarge(bytesMax);
            }

            var isWhole = result.IsCompleted || buffer.Length == context.Request.ContentLength;
            if (_used == 0 && isWhole && buffer.IsSingleSegment)
            {
                _heldUpTo = buffer.End;
                Bytes = buffer.First;
                return await ReserveAsync(Bytes.Length - _reserved);
            }

            if (MayComeInOnePiece(buffer))
            {
                var full = await ReserveAsync((int)buffer.Length - _reserved);
                reader.AdvanceTo(full is null ? buffer.Start : buffer.End, buffer.End);
                if (full is not null) return full;
                continue;
            }

            var problem = await GrowAsync((int)buffer.Length);
            if (problem is null)
            {
                buffer.CopyTo(_rented.AsSpan(_used));
                _used += (int)buffer.Length;
            }

            reader.AdvanceTo(buffer.End);
            if (problem is not null) return problem;
            if (!result.IsCompleted) continue;
            Bytes = _rented.AsMemory(0, _used);
            return null;
        }
    }

    /// <summary>What came of it so far lies in one block, and the rest may fit there: no need to copy.</summary>
    bool MayComeInOnePiece(in ReadOnlySequence<byte> buffer) =>
        _used == 0 && buffer.IsSingleSegment && context.Request.ContentLength <= ReceivePoolFactory.BlockBytes;

    async ValueTask<Problem?> ReadExpandedAsync(BodyEncoding encoding)
    {
        await using var packed = new PackedStream(context.Request.Body);
        await using var source = BodyEncodings.Expand(encoding, packed);
        while (true)
        {
            // One byte more than allowed is asked for, so that a body that is too large shows.
            if (_used > bytesMax) return Problem.BodyTooLarge(bytesMax);
            if (_used > Limits.RatioFreeBytes && _used / Limits.ExpansionRatioMax > packed.BytesRead)
                return Problem.RatioTooHigh;
            if (packed.BytesRead > bytesMax) return Problem.BodyTooLarge(bytesMax);
            if (_used == _rented.Length && await GrowAsync(1) is { } problem) return problem;
            var read = 0;
            try
            {
                read = await source.ReadAsync(_rented.AsMemory(_used), context.RequestAborted);
            }
            catch (Exception exception) when (BodyEncodings.ProblemOf(exception) is { } malformed)
            {
                return malformed;
            }

            _used += read;
            if (read > 0) continue;
            if (!packed.IsUsedUp) return Problem.EncodingTrailing;
            Bytes = _rented.AsMemory(0, _used);
            return _used > bytesMax ? Problem.BodyTooLarge(bytesMax) : null;
        }
    }

    /// <summary>Room for so many bytes more, in memory and in the admission.</summary>
    async ValueTask<Problem?> GrowAsync(int bytes)
    {
        if (_used + bytes <= _rented.Length) return null;
        var known = (int)Math.Min(context.Request.ContentLength ?? 0, FirstRent * 4);
        var doubled = Math.Min(_rented.Length * 2, bytesMax + 1);
        var size = Math.Max(Math.Max(_used + bytes, doubled), Math.Max(known, FirstRent));
        if (await ReserveAsync(size - _reserved) is { } problem) return problem;
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _rented.AsSpan(0, _used).CopyTo(larger);
        if (_rented.Length > 0) ArrayPool<byte>.Shared.Return(_rented);
        _rented = larger;
        return null;
    }

    async ValueTask<Problem?> ReserveAsync(int bytes)
    {
        if (bytes <= 0) return null;
        var outcome = await admission.EnterAsync(account, bytes, context.RequestAborted);
        if (outcome == AdmissionOutcome.Admitted) _reserved += bytes;
        return Problem.Of(outcome);
    }
}
