// An application with Spring, behind form.conf. On Debian 12:
//   apt install default-jdk-headless libspring-web-servlet-java libtomcat9-java libjackson2-databind-java
//   java -cp '/usr/share/java/*' Application.java
// It listens on this machine only: a client that reaches it directly could claim any name.
import static java.nio.charset.StandardCharsets.*;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.catalina.startup.Tomcat;
import org.springframework.web.bind.annotation.*;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.mvc.method.annotation.*;
import org.springframework.web.util.HtmlUtils;

@RestController
public class Application {
    // httpd has removed the header that a client sent, and has set it for a user who is signed in.
    private static String user(String name) {
        return name == null ? null : new String(name.getBytes(ISO_8859_1), UTF_8);
    }
    @RequestMapping(path = "/", produces = "text/html; charset=utf-8")
    String home(@RequestHeader(name = "X-Remote-User", required = false) String name) {
        return "<h1>Hello " + HtmlUtils.htmlEscape(name == null ? "visitor" : user(name)) + "</h1>"
            + " <a href=\"/sessions\">Where you are signed in</a> <a href=\"/logout\">Sign out</a>";
    }
    @RequestMapping(path = "/me", produces = "application/json")
    String me(@RequestHeader(name = "X-Remote-User", required = false) String name) {
        return new ObjectMapper().createObjectNode().put("user", user(name)).toString();
    }
    public static void main(String[] arguments) throws Exception {
        var context = new AnnotationConfigWebApplicationContext();
        context.register(Application.class, RequestMappingHandlerMapping.class, RequestMappingHandlerAdapter.class);
        var tomcat = new Tomcat();
        tomcat.setBaseDir(java.nio.file.Files.createTempDirectory("tomcat").toString());
        tomcat.setPort(Integer.parseInt(System.getenv().getOrDefault("PORT", "3000")));
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Tomcat.addServlet(tomcat.addContext("", null), "spring", new DispatcherServlet(context)).addMapping("/");
        tomcat.start();
    }
}
