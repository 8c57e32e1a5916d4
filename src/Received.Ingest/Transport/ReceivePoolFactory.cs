using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Received.Ingest.Transport;

/// <summary>
/// Makes the memory pools of Kestrel's transport, one a queue of sockets, with blocks that hold a whole batch: a body
/// comes in with a few large reads and lies in one piece, so that nothing of it is copied before it is scanned. With
/// Kestrel's own blocks of 4 KiB a batch of 1000 events is a hundred pieces (docs/performance.md has the difference).
/// All pools share <see cref="IngestOptions.ReceiveBytesMax"/>: past it they give out small blocks, so that thousands
/// of slow senders take no more memory than they would of Kestrel's pool.
/// </summary>
public sealed class ReceivePoolFactory : IMemoryPoolFactory<byte>
{
#if DEBUG
    /// <summary>As Kestrel's own: in tests bodies lie across many blocks.</summary>
    public const int BlockBytes = ReceivePool.SmallBytes;
#else
    /// <summary>A batch of 1000 events of 390 bytes and its head.</summary>
    public const int BlockBytes = 512 * 1024;
#endif

    readonly int _blockBytes;
    long _left;

    public ReceivePoolFactory(IOptions<IngestOptions> options)
        : this(options.Value.ReceiveBytesMax, BlockBytes)
    {
    }

    internal ReceivePoolFactory(long bytesMax, int blockBytes) => (_left, _blockBytes) = (bytesMax, blockBytes);

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new ReceivePool(this, _blockBytes);

    /// <summary>Whether another large block may be made; it then lives as long as its pool.</summary>
    internal bool TryTakeRoom()
    {
        if (Interlocked.Add(ref _left, -_blockBytes) >= 0) return true;
        Interlocked.Add(ref _left, _blockBytes);
        return false;
    }

    internal void GiveBack(int blocks) => Interlocked.Add(ref _left, (long)blocks * _blockBytes);
}
