using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Received.Tests.Servers;

/// <summary>A peer at the wire: answers every request with the same bytes, and closes the connection.</summary>
sealed class ScriptedHttp : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _serving;

    public ScriptedHttp(params byte[][] answer)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = ServeAsync(answer);
    }

    public int Port { get; }

    /// <summary>An answer with a body that ends as it should.</summary>
    public static byte[] Whole(string status, string headers, string body) => Encoding.UTF8.GetBytes(
        $"HTTP/1.1 {status}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n"
        + body);

    /// <summary>The beginning of an answer in one chunk that is followed by nothing.</summary>
    public static byte[][] Broken(byte[] body) =>
    [
        Encoding.ASCII.GetBytes(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + $"{body.Length:x}\r\n"),
        body, "\r\n"u8.ToArray(),
    ];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _stop.Dispose();
        _listener.Dispose();
    }

    async Task ServeAsync(byte[][] answer)
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var stream = client.GetStream();
                var request = new byte[1 << 16];
                if (await stream.ReadAsync(request, _stop.Token) == 0) continue;
                foreach (var part in answer) await stream.WriteAsync(part, _stop.Token);
                client.Client.Shutdown(SocketShutdown.Send);
                // Until the other side has read it: closing earlier could take it away.
                while (await stream.ReadAsync(request, _stop.Token) > 0) { }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException
            or InvalidOperationException)
        {
            // The test is over.
        }
    }
}
