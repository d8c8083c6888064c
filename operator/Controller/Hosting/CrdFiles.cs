using AgentReadiness.Api.Schema;

namespace AgentReadiness.Controller.Hosting;

/// <summary>The CustomResourceDefinitions as YAML files.</summary>
public static class CrdFiles
{
    /// <summary>The first line of every file.</summary>
    private const string Header = "# Generated from the types in operator/Api by `make crds`. Do not edit.\n";

    /// <summary>File name and text of each definition.</summary>
    public static IEnumerable<(string FileName, string Text)> Generate()
    {
        // The documentation file lies beside the build's output; a published single file has none and no need to generate.
        var documentation = Path.Combine(AppContext.BaseDirectory, $"{typeof(CrdGenerator).Assembly.GetName().Name}.xml");
        var generator = new CrdGenerator(File.ReadAllText(documentation));
        return CrdGenerator.Kinds.Select(kind => ($"{CrdGenerator.NameOf(kind)}.yaml", Header + YamlText.Write(generator.Generate(kind))));
    }

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
