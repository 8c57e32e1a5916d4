namespace Received.Log.Segments;

/// <summary>
/// Buffers of batches that were read, kept for the next ones: as many as loops that read. The shared pool gives arrays
/// of the next power of two and lets them go again and again, and each is a large object: they made most of the
/// collector's work of a server under load. Safe for all threads.
/// </summary>
sealed class ReadBuffers
{
    /// <summary>Rating, the archive, and one more.</summary>
    const int KeptMax = 3;

    /// <summary>What is larger is rare, of a recovery or of another setting, and is let go.</summary>
    const int KeptBytesMax = 4 * 1024 * 1024;

    /// <summary>So that batches of slightly different lengths share buffers.</summary>
    const int StepBytes = 64 * 1024;

    readonly Lock _gate = new();
    readonly List<byte[]> _free = [];

    public RentedBytes Rent(int length)
    {
        lock (_gate)
        {
            var at = _free.FindIndex(bytes => bytes.Length >= length);
            if (at >= 0)
            {
                var bytes = _free[at];
                _free.RemoveAt(at);
                return new(this, bytes);
            }

            // One that is too small for what is read now will be again.
            if (_free.Count > 0) _free.RemoveAt(0);
        }

        var size = checked((length + StepBytes - 1) / StepBytes * StepBytes);
        return new(this, GC.AllocateUninitializedArray<byte>(size));
    }

    public void Return(byte[] bytes)
    {
        if (bytes.Length > KeptBytesMax) return;
        lock (_gate)
        {
            if (_free.Count < KeptMax) _free.Add(bytes);
        }
    }
}

/// <summary>Bytes with one owner, the batch; given back once.</summary>
sealed class RentedBytes(ReadBuffers buffers, byte[] rented) : IDisposable
{
    byte[]? _bytes = rented;

    public byte[] Bytes => _bytes ?? throw new ObjectDisposedException(nameof(LogBatch));

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _bytes, null) is { } bytes) buffers.Return(bytes);
    }
}
