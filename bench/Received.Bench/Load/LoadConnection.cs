using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Sockets;

namespace Received.Bench.Load;

/// <summary>
/// One keep-alive connection over a plain socket: sends a request, reads its answer, and so on. It reads only what it
/// must of the answer: the status and the length. With a rate, a request's latency begins when it was due, whether or
/// not the connection was free by then.
/// </summary>
sealed class LoadConnection(LoadOptions options, LoadBodies bodies, int number) : IDisposable
{
    readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly byte[] _answer = new byte[64 * 1024];

    /// <summary>Milliseconds of each measured request.</summary>
    public List<double> LatenciesMs { get; } = [];

    /// <summary>Events answered with 200 since the start, warm-up included.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Events answered with 200 within the measured time.</summary>
    public long Measured { get; private set; }

    /// <summary>Requests with another answer than 200; the first one's text is kept.</summary>
    public long Refused { get; private set; }

    public string? FirstRefusal { get; private set; }

    public async Task RunAsync(long measureFrom, long measureTo)
    {
        await _socket.ConnectAsync(options.Url.Host, options.Url.Port);
        var request = new byte[bodies.BytesMax];
        // Keys of this run: the start's clock in front, then the connection, then a counter.
        var nextKey = ((measureFrom & 0xFFFFFFFF) * 1_000_000_000) + (number * 10_000_000L);
        var due = Stopwatch.GetTimestamp() + (Interval * number / options.Connections);
        for (var index = number * 31; Stopwatch.GetTimestamp() < measureTo; index++)
        {
            var size = bodies.Fill(index, request, ref nextKey);
            var started = Stopwatch.GetTimestamp();
            if (options.Rate > 0)
            {
                if (due > started) await Task.Delay(Stopwatch.GetElapsedTime(started, due));
                (started, due) = (due, due + Interval);
            }

            await SendAsync(request.AsMemory(0, size));
            var status = await ReceiveAsync();
            Count(status, started, measureFrom);
        }
    }

    /// <summary>Between two requests of this connection, in ticks of the stopwatch.</summary>
    long Interval => options.Rate == 0
        ? 0
        : Stopwatch.Frequency * options.Batch * options.Connections / options.Rate;

    public void Dispose() => _socket.Dispose();

    void Count(int status, long started, long measureFrom)
    {
        if (status != 200)
        {
            Refused++;
            return;
        }

        Acknowledged += options.Batch;
        if (started < measureFrom) return;
        Measured += options.Batch;
        LatenciesMs.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    async Task SendAsync(ReadOnlyMemory<byte> request)
    {
        while (!request.IsEmpty) request = request[await _socket.SendAsync(request)..];
    }

    async Task<int> ReceiveAsync()
    {
        var count = 0;
        while (true)
        {
            var read = await _socket.ReceiveAsync(_answer.AsMemory(count));
            if (read == 0) throw new IOException("The server closed the connection.");
            count += read;
            if (TryFinish(_answer.AsSpan(0, count), out var status)) return status;
        }
    }

    bool TryFinish(ReadOnlySpan<byte> answer, out int status)
    {
        status = 0;
        var headEnd = answer.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0) return false;
        if (!Utf8Parser.TryParse(answer[9..12], out status, out _)) throw new IOException("No status in the answer.");
        var head = answer[..headEnd];
        var lengthAt = head.IndexOf("Content-Length: "u8);
        if (lengthAt >= 0)
        {
            if (!Utf8Parser.TryParse(head[(lengthAt + 16)..], out int length, out _))
                throw new IOException("No length in the answer.");
            if (answer.Length < headEnd + 4 + length) return false;
        }
        else if (!answer.EndsWith("0\r\n\r\n"u8))
        {
            return false;
        }

        if (status != 200) FirstRefusal ??= System.Text.Encoding.UTF8.GetString(answer);
        return true;
    }
}
