using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Received.Bench.Results;

/// <summary>Figures as JSON files, each with the machine that they are of.</summary>
static class ResultFile
{
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>bench/results of the repository that the working directory is in.</summary>
    /// <exception cref="DirectoryNotFoundException">It is in none.</exception>
    public static string Folder => Path.Combine(Root, "bench", "results");

    public static string Root
    {
        get
        {
            for (var folder = Environment.CurrentDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
                if (File.Exists(Path.Combine(folder, "Received.sln"))) return folder;
            throw new DirectoryNotFoundException("Start it within the repository: it keeps its results there.");
        }
    }

    /// <summary>Into bench/results/<i>machine</i>/<i>name</i>.json.</summary>
    public static void Save<T>(string name, T figures)
    {
        var machine = Machine.Here(TimeProvider.System.GetUtcNow());
        var folder = Directory.CreateDirectory(Path.Combine(Folder, machine.Name)).FullName;
        var path = Path.Combine(folder, name + ".json");
        Write(path, figures);
        Console.WriteLine($"written  {Path.GetRelativePath(Environment.CurrentDirectory, path)}");
    }

    public static void Write<T>(string path, T figures)
    {
        var machine = Machine.Here(TimeProvider.System.GetUtcNow());
        var node = new JsonObject { ["machine"] = JsonSerializer.SerializeToNode(machine, Json) };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(figures, Json)!.AsObject())
            node[name] = value?.DeepClone();
        File.WriteAllText(path, node.ToJsonString(Json) + "\n");
    }
}
