namespace Received.Ingest.Http;

/// <summary>
/// A packed body on its way to be expanded. Counts, so that what comes out can be compared with what came in. Gives the
/// body's last byte out by itself: an expander that ends without asking for it has left something behind, which would
/// otherwise lie unseen in its buffer.
/// </summary>
sealed class PackedStream(Stream inner) : Stream
{
    byte _last;
    bool _holdsLast;

    public long BytesRead { get; private set; }

    /// <summary>Whether the expander has taken all of it.</summary>
    public bool IsUsedUp { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        while (true)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            BytesRead += read;
            if (read == 0) return GiveLast(buffer.Span);
            var given = HoldLast(buffer.Span[..read]);
            if (given > 0) return given;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    int GiveLast(Span<byte> buffer)
    {
        IsUsedUp = true;
        if (!_holdsLast) return 0;
        _holdsLast = false;
        buffer[0] = _last;
        return 1;
    }

    int HoldLast(Span<byte> read)
    {
        var next = read[^1];
        if (_holdsLast)
        {
            read[..^1].CopyTo(read[1..]);
            read[0] = _last;
        }

        _last = next;
        if (_holdsLast) return read.Length;
        _holdsLast = true;
        return read.Length - 1;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
