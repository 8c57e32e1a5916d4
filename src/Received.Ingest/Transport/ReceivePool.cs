using System.Buffers;
using System.Runtime.InteropServices;

namespace Received.Ingest.Transport;

/// <summary>
/// Pinned blocks of two sizes: large ones while there is room for them, small ones past that. The one that came back
/// last goes out first: it is still in the processor's cache. Safe for all threads. Blocks still out when the pool is
/// disposed of go to the garbage collector when their owners are done.
/// </summary>
sealed class ReceivePool(ReceivePoolFactory factory, int blockBytes) : MemoryPool<byte>
{
    /// <summary>What Kestrel asks for, and the size of its own blocks.</summary>
    public const int SmallBytes = 4096;

    // What one pool keeps of small blocks: 4 MiB.
    const int SmallKeptMax = 1024;

    readonly Lock _gate = new();
    readonly Stack<Block> _large = [];
    readonly Stack<Block> _small = [];
    int _made;
    bool _disposed;

    public override int MaxBufferSize => blockBytes;

    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="MaxBufferSize"/>.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, MaxBufferSize);
        var block = Take(minBufferSize);
        block.GoOut();
        return block;
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _large.Clear();
            _small.Clear();
            factory.GiveBack(_made);
        }
    }

    Block Take(int minBufferSize)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_large.TryPop(out var block)) return block;
            if (!factory.TryTakeRoom())
            {
                if (minBufferSize <= SmallBytes) return _small.TryPop(out block) ? block : new(this, SmallBytes);
                // Whoever asks for that much needs it in one piece: made past the room, and not kept.
                return new(this, minBufferSize, isKept: false);
            }

            _made++;
            return new(this, blockBytes);
        }
    }

    void Return(Block block)
    {
        lock (_gate)
        {
            if (_disposed || !block.IsKept) return;
            if (block.Memory.Length == blockBytes) _large.Push(block);
            else if (_small.Count < SmallKeptMax) _small.Push(block);
        }
    }

    sealed class Block(ReceivePool pool, int length, bool isKept = true) : IMemoryOwner<byte>
    {
        bool _isOut;

        public bool IsKept => isKept;

        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(
            GC.AllocateUninitializedArray<byte>(length, pinned: true), 0, length);

        public void GoOut() => _isOut = true;

        /// <exception cref="InvalidOperationException">It came back already: two requests would share it.</exception>
        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _isOut, false))
                throw new InvalidOperationException("A block of receive memory was given back twice.");
            pool.Return(this);
        }
    }
}
