using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Received.Tests.Tidy;

/// <summary>The style's limits as tests: what is only written down does not hold.</summary>
public sealed class TidyTests
{
    const int MethodLinesMax = 70;
    const int FileLinesMax = 400;
    const int LineColumnsMax = 120;

    static readonly string[] BannedFolders =
        ["Helpers", "Utils", "Common", "Managers", "Services", "Interfaces", "Models", "Misc"];

    static readonly string[] Folders = ["src", "tests", "bench"];

    static readonly Dictionary<string, SyntaxNode> Trees = Folders.SelectMany(folder => Source.Files(folder, "*.cs"))
        .ToDictionary(Source.Relative, path => CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetRoot());

    [Fact]
    public void Files_are_short_enough_to_read() => Holds(Ratchet.Compare(
        "file-lines", FileLinesMax,
        Trees.ToDictionary(tree => tree.Key, tree => File.ReadLines(Path.Combine(Source.Root, tree.Key)).Count())));

    [Fact]
    public void Methods_fit_a_screen()
    {
        var lengths = new Dictionary<string, int>();
        foreach (var (path, root) in Trees)
        {
            foreach (var method in root.DescendantNodes().OfType<BaseMethodDeclarationSyntax>())
            {
                var name = method is MethodDeclarationSyntax named ? named.Identifier.Text : method.Kind().ToString();
                var span = method.GetLocation().GetLineSpan();
                var key = $"{path}:{name}";
                var lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
                lengths[key] = Math.Max(lines, lengths.GetValueOrDefault(key));
            }
        }

        Holds(Ratchet.Compare("method-lines", MethodLinesMax, lengths));
    }

    [Fact]
    public void Lines_fit_side_by_side() => Holds(Ratchet.Compare(
        "line-columns", LineColumnsMax,
        Trees.ToDictionary(
            tree => tree.Key, tree => File.ReadLines(Path.Combine(Source.Root, tree.Key)).Max(line => line.Length))));

    [Fact]
    public void Classes_are_sealed_static_or_abstract()
    {
        var open = from tree in Trees
                   from type in tree.Value.DescendantNodes().OfType<TypeDeclarationSyntax>()
                   where type is ClassDeclarationSyntax || type.IsKind(SyntaxKind.RecordDeclaration)
                   // BenchmarkDotNet derives from the classes that it measures.
                   where !type.AttributeLists.ToString().Contains("MemoryDiagnoser")
                   where !type.Modifiers.Any(modifier => modifier.Kind()
                       is SyntaxKind.SealedKeyword or SyntaxKind.StaticKeyword or SyntaxKind.AbstractKeyword)
                   select $"{tree.Key}: {type.Identifier.Text} is neither sealed, static nor abstract";
        Holds(open);
    }

    [Fact]
    public void Partial_is_for_source_generators_only()
    {
        var generated = new Regex("LoggerMessage|GeneratedRegex|JsonSerializable|LibraryImport|OptionsValidator");
        var halves = from tree in Trees
                     from type in tree.Value.DescendantNodes().OfType<TypeDeclarationSyntax>()
                     where type.Modifiers.Any(SyntaxKind.PartialKeyword) && !generated.IsMatch(type.ToFullString())
                     select $"{tree.Key}: {type.Identifier.Text} is partial without a source generator";
        Holds(halves);
    }

    [Fact]
    public void Interfaces_are_those_that_the_README_lists()
    {
        var found = from tree in Trees
                    where tree.Key.StartsWith("src/", StringComparison.Ordinal)
                    from type in tree.Value.DescendantNodes().OfType<InterfaceDeclarationSyntax>()
                    select type.Identifier.Text;
        var readme = File.ReadAllText(Path.Combine(Source.Root, "README.md"));
        var line = Regex.Match(readme, "^Interfaces: (.*)$", RegexOptions.Multiline).Groups[1].Value;
        var listed = Regex.Matches(line, "`(I[A-Z][A-Za-z]+)`").Select(match => match.Groups[1].Value);
        Assert.Equal(listed.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Folders_are_nouns_on_datas_way() => Holds(Trees.Keys
        .Where(path => path.Split('/').Intersect(BannedFolders).Any())
        .Select(path => $"{path}: the folder's name says nothing"));

    [Fact]
    public void Every_stage_says_what_it_owns()
    {
        var silent = from project in Directory.GetDirectories(Path.Combine(Source.Root, "src"))
                     let readme = Path.Combine(project, "README.md")
                     let text = File.Exists(readme) ? File.ReadAllText(readme) : ""
                     where !Regex.IsMatch(text, @"\bOwns\b") || !text.Contains("Does not own")
                     select $"{Source.Relative(readme)}: needs Owns and Does not own";
        Holds(silent);
    }

    [Fact]
    public void Nothing_is_left_to_do_in_the_code()
    {
        // Written apart so that this file does not find itself.
        var mark = new Regex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b");
        Holds(Trees.Where(tree => mark.IsMatch(tree.Value.ToFullString())).Select(tree => $"{tree.Key}: unfinished"));
    }

    static void Holds(IEnumerable<string> complaints)
    {
        var all = complaints.Order(StringComparer.Ordinal).ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
