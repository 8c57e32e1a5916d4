using Confluent.Kafka;

namespace Received.Log.Kafka;

/// <summary>A frame on its way to Kafka; its task has the offset.</summary>
/// <param name="floor">It stands at this offset or later, if it is in the log: the partition's known head when it was
/// sent.</param>
sealed class PendingFrame(KafkaAppends owner, int producer, FrameHeader header, int bytes, long floor)
    // Asynchronously: the thread that serves all of Kafka's reports shall not answer requests.
    : TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>Which of the producers, made one after the other, has it.</summary>
    public int Producer { get; } = producer;

    public FrameHeader Header { get; } = header;

    public int Partition => Header.Partition.Value;

    public int Bytes { get; } = bytes;

    public long Floor { get; } = floor;

    public void Delivered(DeliveryReport<Null, ReadOnlyMemory<byte>> report) => owner.Delivered(this, report);

    /// <summary>Whether a frame of the log is this one.</summary>
    public bool Is(in FrameHeader other) => Header == other;
}
