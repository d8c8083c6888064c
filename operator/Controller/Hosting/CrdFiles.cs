using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Controller.Hosting;

/// <summary>The CustomResourceDefinitions as YAML files.</summary>
public static class CrdFiles
{
    /// <summary>The first line of every file.</summary>
    private const string Header = "# Generated from the types in operator/Api by `make crds`. Do not edit.\n";

    /// <summary>File name and text of each definition.</summary>
    public static IEnumerable<(string FileName, string Text)> Generate()
    {
        var generator = Generator();
        return CrdGenerator.Kinds.Select(kind => ($"{CrdGenerator.NameOf(kind)}.yaml", Header + YamlText.Write(generator.Generate(kind))));
    }

    /// <summary>
    /// The generator, with the documentation files that lie beside the build's output. A published single file has none of them.
    /// </summary>
    public static CrdGenerator Generator() => new([.. new[] { typeof(CrdGenerator), typeof(EvalPhase) }.Select(Documentation)]);

    private static string Documentation(Type type) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, $"{type.Assembly.GetName().Name}.xml"));

    /// <summary>Writes the files into a folder, or all of them to a writer.</summary>
    public static void Write(DirectoryInfo? folder, TextWriter writer)
    {
        foreach (var (fileName, text) in Generate())
        {
            if (folder is null)
                writer.Write($"---\n{text}");
            else
                File.WriteAllText(Path.Combine(folder.FullName, fileName), text);
        }
    }
}
