using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Received.Ingest;
using Received.Ingest.Batching;
using Received.Ingest.Formats;
using Received.Ingest.Http;
using Xunit;

namespace Received.Tests.Ingest;

/// <summary>Bodies that reach the door's reader in two pieces, cut at every byte.</summary>
public sealed class SplitBodyTests
{
    static readonly string[] Events =
    [
        DoorHost.Event(1, "caf\\u00e9 \uD83D\uDE00"),
        DoorHost.Event(12345, "c-2", ", \"validations\": {\"currency\": \"USD\"}"),
        DoorHost.Event(3, "c", ", \"additional_report_data\": {\"a\": [1.5e3, null, \"é\"], \"b\": \"\\n\"}"),
    ];

    public static TheoryData<string> Bodies =>
    [
        "[" + string.Join(", ", Events) + "]",
        string.Join("\r\n", Events),
        "[" + Events[0] + ", 5, {\"quantity\": 01}]",
    ];

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_body_cut_at_any_byte_is_read_as_the_whole(string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        var form = text[0] == '[' ? BodyForm.Array : BodyForm.Lines;
        var comparison = new ScanComparison();
        for (var cut = 0; cut <= body.Length; cut++)
        {
            foreach (var hasLength in new[] { true, false })
            {
                var read = await ReadAsync(body, cut, hasLength);
                Assert.Equal(body, read);
                Assert.Null(comparison.Difference(read, form, new(cut)));
            }
        }
    }

    static async Task<byte[]> ReadAsync(byte[] body, int cut, bool hasLength)
    {
        var pipe = new Pipe();
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(new PipeFeature(pipe.Reader));
        if (hasLength) context.Request.ContentLength = body.Length;
        var admission = new Admission(Options.Create(new IngestOptions()), TimeProvider.System);
        var request = new RequestBody(context, admission, new(1), 1024 * 1024);
        var reading = request.ReadAsync(BodyEncoding.Identity);
        await pipe.Writer.WriteAsync(body.AsMemory(0, cut), TestContext.Current.CancellationToken);
        await pipe.Writer.WriteAsync(body.AsMemory(cut), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        Assert.Null(await reading);
        var read = request.Bytes.ToArray();
        request.Release();
        return read;
    }

    sealed class PipeFeature(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }
}
