using System.Net;
using System.Net.Sockets;

namespace Received.Tests.Servers;

/// <summary>
/// Stands before a server and hands everything on; before the first request that has some text, it lets something else
/// happen.
/// </summary>
sealed class HeldHttp : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly List<Task> _running = [];
    readonly string _host;
    readonly int _port;
    readonly byte[] _text;
    Func<Task>? _first;

    /// <param name="text">In one request's bytes as the client sends them.</param>
    public HeldHttp(string host, int port, byte[] text, Func<Task> first)
    {
        (_host, _port, _text, _first) = (host, port, text, first);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _running.Add(AcceptAsync());
    }

    public int Port { get; }

    /// <summary>Whether the text has come.</summary>
    public bool WasHeld => _first is null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_running.ToArray());
        _stop.Dispose();
        _listener.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true) _running.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(_host, _port, _stop.Token);
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), isRequest: true),
                    PumpAsync(server.GetStream(), client.GetStream(), isRequest: false));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                // As above.
            }
        }
    }

    async Task PumpAsync(NetworkStream from, NetworkStream to, bool isRequest)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.ReadAsync(buffer, _stop.Token) is var read and > 0)
            {
                if (isRequest && buffer.AsSpan(0, read).IndexOf(_text) >= 0
                    && Interlocked.Exchange(ref _first, null) is { } first) await first();
                await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // One of the two has hung up.
        }
    }
}
