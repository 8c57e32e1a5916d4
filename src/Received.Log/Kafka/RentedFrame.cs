using System.Buffers;
using Confluent.Kafka;

namespace Received.Log.Kafka;

/// <summary>A record's value in pooled memory; whoever has it last gives it back, once.</summary>
readonly record struct RentedFrame(byte[] Pooled, int Length)
{
    public ReadOnlyMemory<byte> Bytes => Pooled.AsMemory(0, Length);

    public void Return()
    {
        if (Pooled.Length > 0) ArrayPool<byte>.Shared.Return(Pooled);
    }
}

/// <summary>Copies a record's value out of the client's memory.</summary>
sealed class RentedFrameReader : IDeserializer<RentedFrame>
{
    public static readonly RentedFrameReader Instance = new();

    public RentedFrame Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
    {
        if (data.IsEmpty) return new([], 0);
        var pooled = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(pooled);
        return new(pooled, data.Length);
    }
}

/// <summary>The client takes arrays alone, and sends all of one.</summary>
sealed class CopiedFrame : ISerializer<ReadOnlyMemory<byte>>
{
    public static readonly CopiedFrame Instance = new();

    public byte[] Serialize(ReadOnlyMemory<byte> data, SerializationContext context) => data.ToArray();
}

/// <summary>The frames of a batch; gives them back together.</summary>
sealed class RentedFrames(List<RentedFrame> frames) : IDisposable
{
    List<RentedFrame>? _frames = frames;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _frames, null) is not { } frames) return;
        foreach (var frame in frames) frame.Return();
    }
}
