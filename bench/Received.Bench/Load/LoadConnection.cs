using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Received.Bench.Load;

/// <summary>
/// One keep-alive connection: sends a request, reads its answer, and so on, never waiting. It reads only what it must
/// of the answer: the status and where it ends.
/// </summary>
sealed class LoadConnection : IDisposable
{
    const int HeadStatusAt = 9;

    readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly LoadRequest[] _requests;
    byte[] _answer = new byte[16 * 1024];
    ulong _nextKey;
    int _nextRequest;
    int _sent;
    int _received;

    /// <param name="firstKey">Keys count up from here.</param>
    public LoadConnection(IPEndPoint server, LoadRequest[] requests, ulong firstKey)
    {
        _requests = requests;
        _nextKey = firstKey;
        Request = requests[0];
        _socket.Connect(server);
        _socket.Blocking = false;
    }

    public Socket Socket => _socket;

    /// <summary>The one under way, or the last one.</summary>
    public LoadRequest Request { get; private set; }

    /// <summary>When the one under way was due, or started, in ticks of the stopwatch; 0 where none is.</summary>
    public long Since { get; private set; }

    public bool IsBusy => Since != 0;

    public string AnswerText => Encoding.UTF8.GetString(_answer.AsSpan(0, _received));

    public void Start(long since)
    {
        Since = since;
        Request = _requests[_nextRequest++ % _requests.Length];
        Request.WriteKeys(ref _nextKey);
        _sent = 0;
        _received = 0;
        Send();
    }

    /// <summary>Goes on as far as the socket lets it. The answer's status when it is complete, else 0.</summary>
    /// <exception cref="IOException">The server closed the connection, or its answer is none.</exception>
    public int Continue()
    {
        if (!IsBusy) return 0;
        if (_sent < Request.Bytes.Length) Send();
        while (true)
        {
            var read = _socket.Receive(_answer.AsSpan(_received), SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) return 0;
            if (error != SocketError.Success) throw new IOException($"Receiving failed: {error}.");
            if (read == 0) throw new IOException("The server closed the connection.");
            _received += read;
            if (TryFinish(_answer.AsSpan(0, _received), out var status))
            {
                if (_sent < Request.Bytes.Length) throw new IOException($"Answered half way: {AnswerText}");
                Since = 0;
                return status;
            }

            if (_received == _answer.Length) Array.Resize(ref _answer, _answer.Length * 2);
        }
    }

    public void Dispose() => _socket.Dispose();

    void Send()
    {
        while (_sent < Request.Bytes.Length)
        {
            var sent = _socket.Send(Request.Bytes[_sent..], SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) return;
            if (error != SocketError.Success) throw new IOException($"Sending failed: {error}.");
            _sent += sent;
        }
    }

    static bool TryFinish(ReadOnlySpan<byte> answer, out int status)
    {
        status = 0;
        var headEnd = answer.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0) return false;
        if (!Utf8Parser.TryParse(answer.Slice(HeadStatusAt, 3), out status, out _))
            throw new IOException("No status in the answer.");
        var head = answer[..headEnd];
        var lengthAt = head.IndexOf("Content-Length: "u8);
        if (lengthAt < 0) return answer.EndsWith("0\r\n\r\n"u8);
        if (!Utf8Parser.TryParse(head[(lengthAt + 16)..], out int length, out _))
            throw new IOException("No length in the answer.");
        return answer.Length >= headEnd + 4 + length;
    }
}
