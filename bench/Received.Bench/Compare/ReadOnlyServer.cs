using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Received.Bench.Servers;
using Received.Ingest;
using Received.Ingest.Transport;

namespace Received.Bench.Compare;

/// <summary>
/// The limit: Kestrel, and nothing above it, that reads bodies and answers. What a door could be if parsing, keeping
/// and counting were free.
/// </summary>
sealed class ReadOnlyServer : IHttpApplication<IFeatureCollection>
{
    public const string Command = "serve-read-only";

    // As long as the server's own answer to a batch.
    static readonly byte[] Answer =
        """{"accepted":1000,"refused":0,"errors":[],"errors_not_listed":0}"""u8.ToArray();

    /// <param name="args">Port, and "ours" or "default": the transport's memory pool.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        ChildProcess.EndWithParent();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, int.Parse(args[0]));
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
        if (args[1] == "ours")
            builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(
                new ReceivePoolFactory(Options.Create(new IngestOptions())));
        await using var app = builder.Build();
        var server = app.Services.GetRequiredService<IServer>();
        await server.StartAsync(new ReadOnlyServer(), CancellationToken.None);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var body = context.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;
        while (true)
        {
            var read = await body.ReadAsync();
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.Headers.ContentLength = Answer.Length;
        response.Headers.ContentType = "application/json";
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(Answer);
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }
}
